import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import type { Settings } from './config/settings.js';
import { SettingsError } from './errors/app-error.js';
import { makePrivateFolder } from './files/private-folder.js';
import { limitConnections } from './http/connections.js';
import { accessLog } from './http/middleware/access-log.js';
import { callId } from './http/middleware/call-id.js';
import { handleCrossOriginCalls } from './http/middleware/cross-origin.js';
import { healthOnly } from './http/middleware/health-only.js';
import { measureCalls } from './http/middleware/measure-calls.js';
import { ownMachineOnly } from './http/middleware/own-machine.js';
import { securityHeaders } from './http/middleware/security-headers.js';
import { bodyWithin, closeUnread } from './http/middleware/unread-body.js';
import { serveOpenApi } from './http/open-api.js';
import { servePage } from './http/page.js';
import { Lifecycle } from './lifecycle.js';
import { AppLogger } from './logging/app-logger.js';
import { Measurements } from './measurements/measurements.js';
import { servePublicMetrics } from './metrics/public-metrics.js';
import { EVENT_DESCRIPTIONS } from './webhooks/webhook-events.api.js';

/** How long the body of a call may take that is no upload. */
const BODY_WITHIN_MS = 30_000;

/** Builds the application; {@link startApp} starts it. `logger` is for the tests. */
export async function createApp(
  settings: Settings,
  logger?: LoggerService | false,
): Promise<NestExpressApplication> {
  makePrivateFolder(settings.DATA_DIR);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(settings), {
    logger: logger ?? new AppLogger(settings),
    abortOnError: false,
    bodyParser: false, // bodies are read after the guards, and only by the routes that take one
    forceCloseConnections: true,
  });
  app.disable('x-powered-by');
  app.set('trust proxy', settings.trustedProxies);
  app.use(callId);
  app.use(accessLog(settings));
  app.use(measureCalls(app.get(Measurements)));
  app.use(securityHeaders);
  app.use(closeUnread);
  app.use(bodyWithin(BODY_WITHIN_MS));
  if (settings.servesApi) handleCrossOriginCalls(app, settings);
  if (settings.METRICS_PUBLIC === 'on') servePublicMetrics(app);
  if (!settings.servesApi) app.use(healthOnly(settings));
  else if (settings.API_KEYS.length === 0) app.use(ownMachineOnly(settings));
  if (settings.servesApi) servePage(app);
  serveOpenApi(app, EVENT_DESCRIPTIONS);
  return app;
}

/** Listens, then begins to work. With `PORT=0` the settings have the real port afterwards. */
export async function startApp(app: NestExpressApplication, settings: Settings): Promise<void> {
  limitConnections(app, settings.MAX_CONNECTIONS);
  await app.init(); // by itself, so that what fails in it is not taken for a failure to listen
  const server = await app.listen(settings.PORT, settings.HOST).catch((error: NodeJS.ErrnoException) => {
    throw new SettingsError(whyNotListening(error, settings), { cause: error });
  });
  settings.PORT = (server.address() as AddressInfo).port;
  await app.get(Lifecycle).start();
}

/** Said here, where it is known what failed: by their codes these errors could be the database's. */
function whyNotListening({ code, message }: NodeJS.ErrnoException, { HOST, PORT }: Settings): string {
  if (code === 'EADDRINUSE')
    return `Port ${PORT} of ${HOST} is taken by another program; set PORT to another.`;
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return `HOST ${HOST} is no address of this machine.`;
  return `The service can't listen on port ${PORT} of ${HOST}: ${message}.`;
}
