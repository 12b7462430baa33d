import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { settings, type Settings } from './config.js';
import { createApp } from './create-app.js';
import { dataSourceOptions, openDataSource } from './database/data-source.js';
import { SettingsError } from './errors.js';

const logger = new Logger('main');

async function main(): Promise<void> {
  const values = settings();
  if (process.argv.includes('--migrate')) return migrateOnly(values);

  const app = await createApp(values);
  app.enableShutdownHooks();
  endWithParent();
  await app.listen(values.PORT, values.HOST);
  values.PORT = (app.getHttpServer().address() as { port: number }).port; // with PORT=0 it is known only now
  console.log(
    values.servesApi
      ? welcome(values)
      : `The worker is ready; its health is at ${values.ownUrl}/health/ready`,
  );
}

async function migrateOnly(values: Settings): Promise<void> {
  const dataSource = await openDataSource(
    new DataSource({ ...dataSourceOptions(values), migrationsRun: true }),
  );
  await dataSource.destroy();
  logger.log('the database schema is up to date');
}

/** Started by a script that was killed, a process would live on, unseen, and hold its port. */
function endWithParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

function welcome({ publicUrl }: Settings): string {
  return `
Image Processing System is ready at ${publicUrl} (try it by hand: ${publicUrl}/docs)

Upload the sample, wait, and get its output:

  curl -s ${publicUrl}/samples/products.csv -o products.csv
  curl -s -F file=@products.csv ${publicUrl}/upload
  curl -s ${publicUrl}/status/REQUEST_ID
  curl -s ${publicUrl}/requests/REQUEST_ID/output.csv
`;
}

main().catch((error: unknown) => {
  logger.error(reasonToStop(error));
  process.exitCode = 1;
  setTimeout(() => process.exit(), 1000).unref(); // whatever the failed start left open
});

function reasonToStop(error: unknown): unknown {
  if (error instanceof SettingsError) return `The settings can't work:\n${error.message}`;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is taken by another program; set PORT to another.`;
  return error;
}
