import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { AppError } from '../../errors/app-error.js';
import { hasBody } from '../request-body.js';
import { sendError } from '../send-error.js';

const SECOND = 1000;
const MEBIBYTE = 1024 * 1024;

/** How long a client may take to notice the answer, and how much of its body is read and dropped meanwhile. */
const LINGER_MS = 1.5 * SECOND;
const MAX_DROPPED_BYTES = 4 * MEBIBYTE;

/**
 * Closes the connection after an answer that was given before the whole body had arrived, instead of reading the rest
 * of it as Node does, however long that is. Until then a little more is read and dropped: closed at once, the system
 * would answer further bytes with a reset, and the client could lose the answer.
 */
export function closeUnread(request: Request, response: Response, next: NextFunction): void {
  if (hasBody(request)) lingerBeforeEnd(request, response);
  next();
}

/**
 * Allows `ms` for the body of every call but an upload.
 * Answered with an AppError 408 `REQUEST_TIMEOUT`, and the connection closes.
 */
export function bodyWithin(ms: number): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (hasBody(request) && !isUpload(request)) {
      const timer = setTimeout(() => {
        if (request.complete || response.headersSent) return;
        sendError(response, new AppError('REQUEST_TIMEOUT'));
      }, ms);
      response.once('close', () => clearTimeout(timer));
    }
    next();
  };
}

/** Whether the call may take as long as the largest file over a slow line. */
function isUpload({ method, path }: Request): boolean {
  return method === 'POST' && /^\/upload\/?$/i.test(path);
}

function lingerBeforeEnd(request: Request, response: Response): void {
  const end = response.end.bind(response) as (...last: unknown[]) => Response;
  response.end = (...last: unknown[]): Response => {
    response.end = end;
    if (request.complete) return end(...last);
    if (!response.headersSent) response.set('Connection', 'close');
    const [chunk, encoding] = last;
    if (typeof chunk === 'string' || chunk instanceof Uint8Array)
      response.write(chunk, (typeof encoding === 'string' ? encoding : 'utf8') as BufferEncoding);
    else response.flushHeaders();
    dropBody(request, () => end());
    return response;
  };
}

/** Reads on for a while, and calls back once: at the end of the body, or of time or bytes. */
function dropBody(request: Request, done: () => void): void {
  let left = MAX_DROPPED_BYTES;
  const stop = (): void => {
    clearTimeout(timer);
    request.off('data', count);
    for (const event of ['end', 'close', 'error']) request.off(event, stop);
    done();
  };
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) stop();
  };
  const timer = setTimeout(stop, LINGER_MS);
  for (const event of ['end', 'close', 'error']) request.once(event, stop);
  request.on('data', count);
  request.resume();
}
