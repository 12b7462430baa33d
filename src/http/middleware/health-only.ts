import type { NextFunction, Request, Response } from 'express';
import { AppError } from '../../errors/app-error.js';

/** A worker answers whether it is healthy, and nothing else. Refused with an AppError 404 `ROUTE_NOT_FOUND`. */
export function healthOnly({ path }: Request, _response: Response, next: NextFunction): void {
  if (path.startsWith('/health/')) return next();
  const message = 'This process is a worker; it serves /health only.';
  next(new AppError('ROUTE_NOT_FOUND', message));
}
