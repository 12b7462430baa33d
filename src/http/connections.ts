import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { RepeatedWarning } from '../logging/repeated-warning.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** How long the headers of a request may take. Node looks every 30 s, so up to a minute. */
const HEADERS_WITHIN_MS = 30 * SECOND;
/** How long a whole request may take: the largest file over a slow line (100 MiB at 0.5 Mbit/s). */
const REQUEST_WITHIN_MS = 30 * MINUTE;
/**
 * After so long without a byte in either direction a connection is closed, such as one whose client reads nothing.
 * Longer than it takes to check and store the largest file, while the client of the upload waits.
 */
const IDLE_MS = 10 * MINUTE;

/**
 * Bounds how many connections are open at once and how long each may take. Call it before listening. A connection too
 * many is closed without an answer, and logged now and then.
 */
export function limitConnections(app: NestExpressApplication, maxConnections: number): void {
  const server = app.getHttpServer();
  const warning = new RepeatedWarning(new Logger('Connections'));
  server.maxConnections = maxConnections;
  server.headersTimeout = HEADERS_WITHIN_MS;
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.setTimeout(IDLE_MS);
  // Node would ask for every body at once; ours are asked for behind the guards.
  server.on('checkContinue', (request: object, response: object) =>
    server.emit('request', request, response),
  );
  server.on('drop', () =>
    warning.warn(`MAX_CONNECTIONS (${maxConnections}) are open; further ones are closed unanswered`),
  );
}
