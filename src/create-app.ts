import { ConsoleLogger, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { isLoopback, type Settings } from './config/settings.js';
import { VERSION } from './config/version.js';
import { parseUrl } from './outbound/parse-url.js';
import { Lifecycle } from './lifecycle.js';

/** Long enough for the largest file over a slow line; Node's five minutes are not. */
const UPLOAD_WITHIN_MS = 30 * 60_000;

/** What Nest says of itself at every start. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'NestFactory',
  'NestApplication',
]);

/** Builds the application; {@link startApp} starts it. `logger` is for the tests. */
export async function createApp(
  settings: Settings,
  logger?: LoggerService | false,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(settings), {
    logger: logger ?? new QuietLogger(),
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.disable('x-powered-by');
  if (!settings.servesApi) app.use(healthOnly);
  else if (settings.API_KEYS.length === 0) app.use(ownMachineOnly(settings));
  app.use(openDocs);
  describeApi(app);
  return app;
}

/** Listens, then begins to work. With `PORT=0` the settings have the real port afterwards. */
export async function startApp(app: NestExpressApplication, settings: Settings): Promise<void> {
  const server = await app.listen(settings.PORT, settings.HOST);
  server.requestTimeout = UPLOAD_WITHIN_MS;
  settings.PORT = (server.address() as AddressInfo).port;
  await app.get(Lifecycle).start();
}

class QuietLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['fatal', 'error', 'warn', 'log'], colors: process.stdout.isTTY });
  }

  /** A start that fails is told by `main`, in one sentence where possible; the framework would add its stack. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'ExceptionHandler') super.error(plain(message), ...(rest.map(plain) as [string]));
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(plain(message), ...(rest.map(plain) as [string]));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }
}

/** An error's own text: its further properties may be a whole statement with users' data in it. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return value.cause instanceof Error ? `${value.stack}\ncaused by ${value.cause.stack}` : value.stack;
}

/** For whoever opens the address that the start printed. */
function openDocs(request: Request, response: Response, next: NextFunction): void {
  if (request.path === '/' && request.method === 'GET') response.redirect('/docs');
  else next();
}

/** A worker answers whether it lives, and nothing else. */
function healthOnly(request: Request, response: Response, next: NextFunction): void {
  if (request.path.startsWith('/health/')) next();
  else
    response
      .status(404)
      .json({ error: 'This process is a worker; it serves /health only.', code: 'ROUTE_NOT_FOUND' });
}

/**
 * Without keys the service is for the programs of this machine. A web page that its user happens to visit is none of
 * them, though the browser would carry its requests: by name (DNS rebinding: a foreign `Host`) or by form (`Origin`).
 */
function ownMachineOnly(settings: Settings) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const own = new URL(settings.publicUrl);
    const isOwn = (url: URL | null) =>
      url !== null && (isLoopback(url.hostname) || url.hostname === own.hostname);
    const { host, origin } = request.headers;
    if (isOwn(parseUrl(`http://${host ?? ''}`)) && (origin === undefined || isOwn(parseUrl(origin)))) next();
    else
      response
        .status(403)
        .json({ error: 'Without API_KEYS only this machine itself is answered.', code: 'FOREIGN_ORIGIN' });
  };
}

function describeApi(app: NestExpressApplication): void {
  const document = new DocumentBuilder()
    .setTitle('Image Processing System')
    .setDescription(
      'Upload a CSV of products with image URLs; every image is fetched, compressed and stored; get the CSV back with ' +
        'the URLs of the results.\n\nTo try it, download [the sample](/samples/products.csv), upload it with ' +
        '**POST /upload**, and use the `request_id` that you get in the calls below it.',
    )
    .setVersion(VERSION)
    .addBearerAuth({ type: 'http', bearerFormat: 'API key', description: 'One of `API_KEYS`' }, 'bearer')
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'One of `API_KEYS`' },
      'api key',
    )
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Image Processing System',
    swaggerOptions: {
      tryItOutEnabled: true,
      persistAuthorization: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
    },
  });
}
