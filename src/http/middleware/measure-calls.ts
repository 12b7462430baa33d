import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Measurements } from '../../measurements/measurements.js';

/** Methods that are counted by name; the others are one. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Measures each call, by the pattern of its route: a path would have an id in it. One without a route is `none`. */
export function measureCalls(measurements: Measurements): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = performance.now();
    response.once('close', () => {
      const route = request.route as { path?: unknown } | undefined;
      measurements.callAnswered({
        method: METHODS.has(request.method) ? request.method : 'other',
        route: typeof route?.path === 'string' ? route.path : 'none',
        status: response.writableFinished ? response.statusCode : 0, // 0: cut off
        milliseconds: performance.now() - began,
      });
    });
    next();
  };
}
