import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';

/**
 * A worker answers whether it is healthy, and with keys its metrics, and nothing else. Refused with an AppError 404
 * `ROUTE_NOT_FOUND`.
 */
export function healthOnly({ API_KEYS }: Settings): RequestHandler {
  return ({ path }: Request, _response: Response, next: NextFunction): void => {
    if (path.startsWith('/health/') || (path === '/metrics' && API_KEYS.length > 0)) return next();
    const message =
      'This process is a worker; it serves /health only, and /metrics with API_KEYS or METRICS_PUBLIC.';
    next(new AppError('ROUTE_NOT_FOUND', message));
  };
}
