import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express, Request, Response } from 'express';
import { Gauges } from './gauges.js';

/** Answers `GET /metrics` before anything asks for a key: for `METRICS_PUBLIC=on`. */
export function servePublicMetrics(app: NestExpressApplication): void {
  const express = app.getHttpAdapter().getInstance() as Express;
  express.get('/metrics', (_request: Request, response: Response) => {
    void app
      .get(Gauges)
      .text()
      .then((text) => response.set(METRICS_HEADERS).send(text));
  });
}

/** Of an answer with metrics, however it is sent. */
export const METRICS_HEADERS = {
  'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
  'Cache-Control': 'no-store',
};
