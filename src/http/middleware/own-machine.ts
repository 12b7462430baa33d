import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { isListedOrigin } from './cross-origin.js';

/** What proxies and tunnels add. Where one passes calls on, this machine's users are not the only callers. */
const PROXY_HEADER = /^(forwarded|via|x-real-ip|x-forwarded-.*)$/;

/** Names and addresses of the loopback interface, as they are written in a `Host` header. */
const LOOPBACK_HOST = /^(localhost|127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])(?::(\d+))?$/i;

/**
 * Without API keys the service is for the programs of this machine. A web page that its user visits is none of them,
 * though the browser sends the page's requests from here: it refuses a foreign `Host` (DNS rebinding), a foreign
 * `Origin`, what a browser marks as started by another site, and what a proxy passes on.
 *
 * Let in: the service's own pages, and those of the origins in `CORS_ORIGINS`; programs, which send no `Origin`; images (`<img>`) and links to the service on pages
 * of others.
 * Refused with an AppError 403: `FOREIGN_ORIGIN`, `FORWARDED_CALL`.
 */
export function ownMachineOnly(settings: Settings): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const { headers } = request;
    if (Object.keys(headers).some((name) => PROXY_HEADER.test(name))) next(new AppError('FORWARDED_CALL'));
    else if (
      isOwnHost(headers.host, settings) &&
      isOwnOrigin(headers, settings) &&
      isOwnSite(request, settings)
    )
      next();
    else next(new AppError('FOREIGN_ORIGIN'));
  };
}

/** Loopback with the port that this process listens on, or host and port of `PUBLIC_URL`. */
function isOwnHost(host: string | undefined, { PORT, publicUrl }: Settings): boolean {
  if (host === undefined) return false;
  const loopback = LOOPBACK_HOST.exec(host);
  return (loopback !== null && (loopback[2] ?? '80') === String(PORT)) || isHostOf(publicUrl, host);
}

function isHostOf(url: string, host: string): boolean {
  const own = new URL(url);
  const withPort = own.port ? own.host : `${own.host}:${own.protocol === 'https:' ? 443 : 80}`;
  return [own.host, withPort].includes(host.toLowerCase());
}

/** No origin (a program, a link), or exactly the one that was called: another port is another program. */
function isOwnOrigin({ origin, host }: Request['headers'], settings: Settings): boolean {
  if (origin === undefined || origin === `http://${host}`) return true;
  return origin === new URL(settings.publicUrl).origin || isListedOrigin(origin, settings);
}

/** What the browser says about the page that started the call; programs send nothing of it. */
function isOwnSite({ method, path, headers }: Request, settings: Settings): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  if (headers.origin !== undefined && isListedOrigin(headers.origin, settings)) return true;
  if (method !== 'GET') return false;
  const destination = headers['sec-fetch-dest'];
  const isImage = destination === 'image' && path.startsWith('/images/');
  const isLink = destination === 'document' && headers['sec-fetch-mode'] === 'navigate';
  return isImage || isLink;
}
