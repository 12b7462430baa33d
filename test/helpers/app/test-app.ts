import type { NestExpressApplication } from '@nestjs/platform-express';
import { readSettings } from '../../../src/config/settings.js';
import { createApp, startApp as listen } from '../../../src/create-app.js';
import { Client } from './client.js';
import type { Installation } from './engines.js';

export interface TestApp {
  client: Client;
  nest: NestExpressApplication;
  close(): Promise<void>;
}

/**
 * The whole application in this process, on a free port, with the images of 127.0.0.1 allowed. Its leases are longer than
 * any load stops the process for: no image is asked for twice. What is about leases sets its own.
 */
export async function startApp(
  installation: Installation,
  environment: Record<string, string> = {},
): Promise<TestApp> {
  const settings = readSettings({
    ALLOW_PRIVATE: '127.0.0.1',
    LEASE_SECONDS: '60',
    ...installation.environment,
    PORT: '0',
    ...environment,
  });
  const nest = await createApp(settings, process.env.TEST_LOG ? undefined : false);
  await listen(nest, settings);
  const headers =
    settings.API_KEYS.length > 0 ? { authorization: `Bearer ${settings.API_KEYS[0]}` } : undefined;
  return { client: new Client(settings.publicUrl, headers), nest, close: () => nest.close() };
}
