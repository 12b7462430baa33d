import { ConsoleLogger, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { AppModule } from './app.module.js';
import { isLoopback, type Settings } from './config.js';
import { VERSION } from './outbound/guarded-http.js';
import { parseUrl } from './parse-url.js';

/** What Nest says of itself at every start. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'NestFactory',
  'NestApplication',
]);

/** Builds the application; `listen` starts it. `logger` is for the tests. */
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
  if (settings.API_KEYS.length === 0) app.use(ownMachineOnly(settings));
  app.use(rootToDocs);
  describeApi(app);
  return app;
}

class QuietLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['fatal', 'error', 'warn', 'log'], colors: process.stdout.isTTY });
  }

  /** A start that fails is told by `main`, in one sentence where possible; the framework would add its stack. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'ExceptionHandler') super.error(message, ...(rest as [string]));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }
}

/** For whoever opens the address that the start printed. */
function rootToDocs(request: Request, response: Response, next: NextFunction): void {
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
