import { Logger } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Settings } from '../../config/settings.js';
import { callIdOf } from './call-id.js';

/** The request that a call is about: in its path, or where an upload's answer leads. */
const REQUEST_ID = /^\/(?:requests|status)\/([0-9a-f-]{36})(?:\/|$)/;

/** Monitoring asks for these every few seconds. */
const PROBES = /^\/(health\/|metrics$)/;

/**
 * Logs a line for each call when it has been answered, or was cut off: method, path (no query, which may hold what is
 * private), status, milliseconds, bytes sent, the caller's address, `call_id`, and `request_id` where the call is about a
 * request. In text only with `LOG_LEVEL=debug`: a person who starts the service looks for other things. Probes of health
 * and metrics always only then.
 */
export function accessLog({ LOG_FORMAT }: Settings): RequestHandler {
  const logger = new Logger('Calls');
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = performance.now();
    const { method, path, ip, socket } = request;
    const sentBefore = socket.bytesWritten;
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 0;
      const milliseconds = Math.round(performance.now() - began);
      const ended = status === 0 ? 'cut off' : String(status);
      const level = LOG_FORMAT === 'json' && !PROBES.test(path) ? 'log' : 'debug';
      logger[level](`${method} ${path} ${ended} in ${milliseconds} ms`, {
        ...{ method, path, status, milliseconds, from: ip, call_id: callIdOf(response) },
        bytes: socket.bytesWritten - sentBefore,
        request_id: REQUEST_ID.exec(response.get('Location') ?? path)?.[1],
      });
    });
    next();
  };
}
