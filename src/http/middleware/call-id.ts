import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';

const HEADER = 'X-Request-Id';
const VALID_ID = /^[\w-]{1,64}$/;

/**
 * Gives the call an id: the one of its header `X-Request-Id` where that is valid, else a new one. The answer has it in the
 * same header, errors have it as `call_id`, and so has the log, so that a client's report leads to the line in the log.
 */
export function callId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('x-request-id') ?? '';
  response.set(HEADER, VALID_ID.test(given) ? given : randomUUID());
  next();
}

/** The id that {@link callId} has given to the call of this answer. */
export function callIdOf(response: Response): string | undefined {
  return response.get(HEADER);
}
