import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { DataSource } from 'typeorm';
import { RequestEntity } from '../../../src/database/entities/request.entity.js';
import { type ImageOrigin, type Replies, serveImages } from '../servers/image-origin.js';
import { until } from '../wait.js';
import { launchBrowser } from '../page/browser.js';
import type { Engine, Installation } from './engines.js';
import { startApp, type TestApp } from './test-app.js';

/** What the tests of a suite work with: there from its `beforeAll` to its `afterAll`. */
export interface Suite {
  installation: Installation;
  app: TestApp;
  origin: ImageOrigin;
}

/** Starts the application and a server of images before the tests of a suite, and ends both behind them. */
export function useApp<More>(
  engine: Engine,
  replies: () => Replies | Promise<Replies>,
  more?: More,
): Suite & More {
  const suite = { ...more } as Suite & More;
  beforeAll(async () => {
    suite.installation = await engine.install();
    suite.app = await startApp(suite.installation);
    suite.origin = await serveImages(await replies());
  });
  afterAll(async () => {
    await suite.origin.close();
    await suite.app.close();
    await suite.installation.remove();
  });
  return suite;
}

/** As {@link useApp}, with a browser beside it. */
export function usePage(
  engine: Engine,
  replies: () => Replies | Promise<Replies>,
): Suite & { browser: Browser } {
  let browser: Browser;
  afterAll(() => browser.close()); // before what it shows
  const suite = useApp<{ browser: Browser }>(engine, replies);
  beforeAll(async () => {
    suite.browser = browser = await launchBrowser();
  });
  return suite;
}

/** What is posted beside a file. */
interface Beside {
  fields?: object;
  headers?: Record<string, string>;
}

/** As {@link useApp}, for uploads: behind each test it waits until nothing of them is spooled any more. */
export function useUploads(engine: Engine, replies: () => Replies | Promise<Replies>) {
  const suite = useApp(engine, replies, {
    post: (route: string, csv: string | Buffer, { fields = {}, headers = {} }: Beside = {}) =>
      suite.app.client.form(route, csv, fields, { headers }),
    countRequests: () => suite.app.nest.get(DataSource).manager.count(RequestEntity),
  });
  // It is removed a moment after the answer.
  afterEach(() =>
    until(() => readdirSync(path.join(suite.installation.environment.DATA_DIR, 'uploads')).length === 0),
  );
  return suite;
}
