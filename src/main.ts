import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { riskyMixes } from './config/impossible-mixes.js';
import { settings, type Settings } from './config/settings.js';
import { createApp, startApp } from './create-app.js';
import { dataSourceOptions, openDataSource } from './database/data-source.js';
import { isDatabaseAway } from './database/database.js';
import { SettingsError } from './errors/app-error.js';
import { isOpenToOthers } from './files/private-folder.js';

const logger = new Logger('main');

async function main(): Promise<void> {
  process.umask(0o077); // users' data and secrets: files are for the owner only
  if (process.argv.includes('--migrate')) return migrateOnly();
  const values = settings();

  const app = await createApp(values);
  for (const warning of riskyMixes(values)) logger.warn(warning);
  if (isOpenToOthers(values.DATA_DIR))
    logger.warn('DATA_DIR can be read by other users of this machine; `chmod 700` closes it');
  app.enableShutdownHooks();
  endWithParent();
  await startApp(app, values);
  console.log(
    values.servesApi
      ? welcome(values)
      : `The worker is ready; its health is at ${values.ownUrl}/health/ready`,
  );
}

async function migrateOnly(): Promise<void> {
  const dataSource = await openDataSource({ ...dataSourceOptions(settings()), migrationsRun: true });
  await dataSource.destroy();
  logger.log('the database schema is up to date');
}

/** Started by a script that was killed, a process would live on, unseen, and hold its port. */
function endWithParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

function welcome({ publicUrl, ownUrl, PUBLIC_URL, API_KEYS, MODE }: Settings): string {
  const where = PUBLIC_URL ? `${ownUrl}, for clients ${publicUrl}` : ownUrl;
  const key = API_KEYS.length > 0 ? "-H 'X-API-Key: KEY' " : '';
  // The sample's images lie on the service itself, which it fetches from only in this set-up.
  const hasSample = MODE === 'all' && !PUBLIC_URL && !key;
  const sample = [`curl -s ${publicUrl}/samples/products.csv -o products.csv`];
  const calls = [
    `curl -s ${key}-F file=@products.csv ${publicUrl}/upload`,
    `curl -s ${key}${publicUrl}/status/REQUEST_ID`,
    `curl -s ${key}${publicUrl}/requests/REQUEST_ID/output.csv`,
  ];
  return `
Image Processing System is ready at ${where} (try it by hand: ${publicUrl}/docs)

Upload ${hasSample ? 'the sample' : 'a file'}, wait, and get its output:

${[...(hasSample ? sample : []), ...calls].map((line) => `  ${line}`).join('\n')}
`;
}

main().catch((error: unknown) => {
  logger.error(reasonToStop(error));
  process.exitCode = 1;
  setTimeout(() => process.exit(), 1000).unref(); // whatever the failed start left open
});

function reasonToStop(error: unknown): unknown {
  if (error instanceof SettingsError) return `The settings can't work:\n${error.message}`;
  if (isDatabaseError(error)) return `DATABASE_URL: ${(error as Error).message}`;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is taken by another program; set PORT to another.`;
  return error;
}

/** The server's own words, such as an unknown database or a wrong password. */
function isDatabaseError(error: unknown): boolean {
  return typeof (error as { sqlState?: unknown }).sqlState === 'string' || isDatabaseAway(error);
}
