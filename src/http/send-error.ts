import type { Response } from 'express';
import type { AppError } from '../errors/app-error.js';
import { callIdOf } from './middleware/call-id.js';

/** After these the caller has nothing more to say on the connection: it may not, or sent too much. */
const CLOSING = new Set([401, 403, 408, 413, 429]);

/** Sends `{"error", "code", "details"?, "call_id"}` with the status of `error` and the headers that belong to it. */
export function sendError(response: Response, error: AppError): void {
  const { status, message, code, details, retryAfterMs } = error;
  if (CLOSING.has(status)) response.set('Connection', 'close');
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (retryAfterMs !== undefined) response.set('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
  else if (status === 503) response.set('Retry-After', '5');
  // The route may have set the type of what it meant to send.
  response
    .status(status)
    .type('json')
    .json({ error: message, code, details, call_id: callIdOf(response) }); // what is undefined is left out
}
