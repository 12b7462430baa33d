import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express, Request, Response } from 'express';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Where the page is built to, seen from the sources and from the built program. */
const FOLDERS = ['../../dist/web', '../../web'].map((folder) => path.join(import.meta.dirname, folder));

/** Files with a hash of their content in their name never change. */
const FOREVER = { immutable: true, maxAge: '365d', index: false, redirect: false } as const;

/**
 * Serves the page for people at `/`, and what it is made of below `/assets`. It needs no key: it holds nothing, and asks
 * its user for one where calls need it. Where it has not been built, `/` leads to `/docs`.
 */
export function servePage(app: NestExpressApplication): void {
  const express = app.getHttpAdapter().getInstance() as Express;
  const folder = FOLDERS.find((each) => existsSync(path.join(each, 'assets')));
  if (!folder) {
    express.get('/', (_request: Request, response: Response) => response.redirect('/docs'));
    return;
  }
  const assets = path.join(folder, 'assets');
  const icon = readdirSync(assets).find((name) => /^icon-.*\.svg$/.test(name));
  express.get('/', (_request: Request, response: Response) => {
    response.set('Cache-Control', 'no-cache');
    response.sendFile('index.html', { root: folder, cacheControl: false });
  });
  express.get('/favicon.ico', (_request: Request, response: Response) =>
    response.redirect(`/assets/${icon}`),
  );
  app.useStaticAssets(assets, { prefix: '/assets', ...FOREVER });
}
