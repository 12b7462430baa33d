import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { whyNoShopFetches } from './config/image-address.js';
import { keysCommand } from './access/keys-command.js';
import { riskyMixes } from './config/impossible-mixes.js';
import { changedSettings, misspeltSettings, settings, type Settings } from './config/settings.js';
import { createApp, startApp } from './create-app.js';
import { DataFolderLock } from './database/data-folder-lock.js';
import { dataSourceOptions, openDataSource } from './database/data-source.js';
import { isDatabaseAway } from './database/database.js';
import { earlyLogging } from './config/process-environment.js';
import { CommandError, SettingsError } from './errors/app-error.js';
import { AppLogger } from './logging/app-logger.js';
import { S3FileStorage } from './storage/s3.file-storage.js';
import { fileStorageOf, localStorageOf, s3OptionsOf } from './storage/storage.module.js';
import { copyFiles, type CopyProgress } from './stored-files/copy-files.js';
import { verifyFiles } from './stored-files/verify-files.js';
import { isOpenToOthers } from './files/private-folder.js';

const logger = new Logger('main');

async function main(): Promise<void> {
  process.umask(0o077); // users' data and secrets: files are for the owner only
  Logger.overrideLogger(new AppLogger(earlyLogging()));
  if (process.argv.includes('--migrate')) return migrateOnly();
  if (process.argv.includes('--verify')) return verifyOnly(settings());
  if (process.argv.includes('--storage')) return storageOnly(settings(), process.argv.at(-1));
  if (process.argv.includes('--keys')) return keysOnly(settings());
  const values = settings();
  outliveLogReader();

  const app = await createApp(values);
  const changed = changedSettings(values);
  if (changed.length > 0) logger.log(`settings: ${changed.join(' ')}`);
  for (const warning of [...riskyMixes(values), ...misspeltSettings()]) logger.warn(warning);
  if (isOpenToOthers(values.DATA_DIR))
    logger.warn('DATA_DIR can be read by other users of this machine; `chmod 700` closes it');
  const unreachable = values.servesApi ? whyNoShopFetches(values) : null;
  if (unreachable) logger.log(unreachable); // no warning: for trying the service out it is right
  app.enableShutdownHooks();
  endWithParent();
  await startApp(app, values);
  announce(values);
}

async function migrateOnly(): Promise<void> {
  const values = settings();
  const lock = new DataFolderLock(values);
  // The program that runs does not know the new schema. On a server `migrate` itself looks for such.
  if (!values.DATABASE_URL) lock.acquire('Stop it first.');
  const dataSource = await openDataSource({ ...dataSourceOptions(values), migrationsRun: true });
  await dataSource.destroy();
  lock.onApplicationShutdown();
  logger.log('the database schema is up to date');
}

/** Says, a line each, what is wrong between tables and files; ends with 1 where anything is. */
async function verifyOnly(values: Settings): Promise<void> {
  const dataSource = await openDataSource({ ...dataSourceOptions(values), migrationsRun: false });
  let count = 0;
  for await (const { is, key, ...facts } of verifyFiles(dataSource, fileStorageOf(values))) {
    count++;
    console.log([is, key, ...Object.entries(facts).map(([name, value]) => `${name}=${value}`)].join(' '));
  }
  await dataSource.destroy();
  console.log(count === 0 ? 'Every row has its file, and every file its row.' : `${count} differences`);
  if (count > 0) process.exitCode = 1;
}

/** Copies the files of the folder into the bucket; ends with 1 where some are missing, or nothing could be done. */
async function storageOnly(values: Settings, what = ''): Promise<void> {
  if (what !== 'copy') throw new SettingsError('There is `npm run storage -- copy`, and nothing else.');
  if (!values.S3_BUCKET)
    throw new SettingsError('S3_BUCKET is not set: it names where the files of DATA_DIR are copied to.');
  const dataSource = await openDataSource({ ...dataSourceOptions(values), migrationsRun: false });
  const bucket = new S3FileStorage(s3OptionsOf(values, values.S3_BUCKET));
  await bucket.onModuleInit();
  let last: CopyProgress = { copied: 0, present: 0, missing: [] };
  for await (last of copyFiles(dataSource, localStorageOf(values), bucket))
    console.log(`${last.copied} files copied, ${last.present} there already`);
  for (const key of last.missing) console.log(`missing ${key}`);
  console.log(
    last.missing.length === 0
      ? 'Every file of the database is in the bucket.'
      : `${last.missing.length} files are missing in DATA_DIR.`,
  );
  if (last.missing.length > 0) process.exitCode = 1;
  await bucket.onApplicationShutdown();
  await dataSource.destroy();
}

/** Makes, lists or deletes API keys, as the words behind `--keys` say. */
async function keysOnly(values: Settings): Promise<void> {
  const words = process.argv.slice(process.argv.indexOf('--keys') + 1);
  const dataSource = await openDataSource({
    ...dataSourceOptions(values),
    migrationsRun: values.MIGRATE === 'on',
  });
  try {
    for (const line of await keysCommand(words, dataSource, values)) console.log(line);
  } finally {
    await dataSource.destroy();
  }
}

/** Started by a script that was killed, a process would live on, unseen, and hold its port. */
function endWithParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

/** What reads the log may end before the service does, as `npm start | head` and a collector that is started again do. */
function outliveLogReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Says that the process is ready: to people with what to do next, to programs in a line of the log. */
function announce(values: Settings): void {
  const { servesApi, ownUrl, LOG_FORMAT } = values;
  if (LOG_FORMAT === 'json') logger.log(`ready at ${ownUrl}`, { mode: values.MODE });
  else if (servesApi) console.log(welcome(values));
  else console.log(`The worker is ready; its health is at ${ownUrl}/health/ready`);
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
Image Processing System is ready at ${where} (open it in a browser; the API by hand: ${publicUrl}/docs)

Or by the command line: upload ${hasSample ? 'the sample' : 'a file'}, wait, and get its output:

${[...(hasSample ? sample : []), ...calls].map((line) => `  ${line}`).join('\n')}
`;
}

main().catch((error: unknown) => {
  logger.error(reasonToStop(error));
  process.exitCode = 1;
  setTimeout(() => process.exit(), 1000).unref(); // ends also where the failed start left something open
});

function reasonToStop(error: unknown): unknown {
  if (error instanceof CommandError) return error.message;
  if (error instanceof SettingsError) return `The settings can't work:\n${error.message}`;
  if (isDatabaseError(error)) return `DATABASE_URL: ${(error as Error).message}`;
  return error;
}

/** The server's own words, such as an unknown database or a wrong password. */
function isDatabaseError(error: unknown): boolean {
  return typeof (error as { sqlState?: unknown }).sqlState === 'string' || isDatabaseAway(error);
}
