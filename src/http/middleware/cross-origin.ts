import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';

/** What pages of other origins may read of an answer, besides what browsers always show them. */
const EXPOSED_HEADERS = [
  ...[
    'Location',
    'X-Request-Id',
    'X-Request-Status',
    'Preference-Applied',
    'Idempotent-Replayed',
    'Retry-After',
    'RateLimit',
  ],
  ...['RateLimit-Policy', 'Content-Disposition', 'ETag'],
];

/** How long a browser may remember a preflight, in seconds: an hour, of which Chromium takes two and Firefox all. */
const PREFLIGHT_SECONDS = 3600;

/**
 * Lets pages of the origins in `CORS_ORIGINS` call the service from a browser, and answers their preflights, which carry
 * no key. Calls of other pages are refused before anything of them is read: a browser that is told nothing would still
 * carry out a plain form upload, and only hide the answer.
 *
 * Keys travel in a header, never in a cookie, so no call has a page's credentials and `*` is safe with keys.
 * Refused with an AppError 403 `FOREIGN_ORIGIN`.
 */
export function handleCrossOriginCalls(app: NestExpressApplication, settings: Settings): void {
  app.use(refuseForeignOrigins(settings));
  const { CORS_ORIGINS } = settings;
  if (CORS_ORIGINS.length === 0) return;
  app.enableCors({
    origin: CORS_ORIGINS.includes('*') ? '*' : CORS_ORIGINS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
}

/** Whether `CORS_ORIGINS` names the origin of the page that calls. */
export function isListedOrigin(origin: string, { CORS_ORIGINS }: Settings): boolean {
  return CORS_ORIGINS.includes('*') || CORS_ORIGINS.includes(origin);
}

function refuseForeignOrigins(settings: Settings): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const { origin } = request.headers;
    const isLetIn =
      origin === undefined ||
      isOwnPage(request, settings) ||
      isListedOrigin(origin, settings) ||
      isImage(request);
    next(isLetIn ? undefined : new AppError('FOREIGN_ORIGIN'));
  };
}

/** By the browser's word, or by the origin: behind a proxy that passes another `Host` on, only one of them is right. */
function isOwnPage({ headers }: Request, { publicUrl }: Settings): boolean {
  const { origin = '', host } = headers;
  if (headers['sec-fetch-site'] === 'same-origin' || origin === new URL(publicUrl).origin) return true;
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Images are for every page: `fetch` may read them, as `<img>` may show them. */
function isImage({ method, path }: Request): boolean {
  return ['GET', 'HEAD'].includes(method) && path.startsWith('/images/');
}
