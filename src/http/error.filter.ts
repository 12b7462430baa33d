import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isDatabaseAway } from '../database/database.js';
import { AppError, isDiskFault, UnavailableError } from '../errors/app-error.js';
import { InvalidRequestIdError } from './invalid-request-id.error.js';
import type { CallCode } from '../errors/error-codes.js';
import { RepeatedWarning } from '../errors/repeated-warning.js';

/** Codes of the errors that the framework itself answers with. */
const HTTP_CODES: Record<number, CallCode> = {
  400: 'BAD_REQUEST',
  404: 'ROUTE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'MEDIA_TYPE_NOT_SUPPORTED',
};

/** Turns every error into `{"error", "code", "details"?}`. What we did not expect is a 500 that says nothing more. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);
  private readonly warning = new RepeatedWarning(this.logger);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    if (isGone(thrown, request)) {
      response.destroy();
      return;
    }
    const error = this.expected(thrown, request);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    if (error instanceof InvalidRequestIdError) {
      response.status(404).json(error.getResponse());
      return;
    }
    const { status, message, code, details } = error;
    if (status === 503) response.set('Retry-After', '5');
    if (status === 401) response.set('WWW-Authenticate', 'Bearer');
    // The route may have named the type of what it meant to send.
    response
      .status(status)
      .type('json')
      .json({ error: message, code, ...(details ? { details } : {}) });
  }

  private expected(thrown: unknown, request: Request): AppError | InvalidRequestIdError {
    if (thrown instanceof AppError) {
      if (thrown.status >= 500)
        this.logger.warn(`${request.method} ${request.path}: ${thrown.code}`, thrown.cause);
      return thrown;
    }
    if (thrown instanceof InvalidRequestIdError) return thrown;
    const status = clientFault(thrown);
    if (status) {
      // An id that can't even be decoded (`%ff`) is one of those that /status answers to the letter.
      if (status === 400 && request.path.startsWith('/status/')) return new InvalidRequestIdError();
      if (isBadJson(status, request)) return new AppError('JSON_INVALID');
      return new AppError(HTTP_CODES[status] ?? 'BAD_REQUEST', messageOf(thrown, status));
    }
    if (isDiskFault(thrown)) {
      this.warning.warn(`${request.method} ${request.path}: ${(thrown as Error).message}`);
      return new UnavailableError('STORAGE_UNAVAILABLE');
    }
    if (isDatabaseAway(thrown)) {
      this.warning.warn(`${request.method} ${request.path}: ${(thrown as Error).message}`);
      return new UnavailableError('DATABASE_UNAVAILABLE');
    }
    this.logger.error(`${request.method} ${request.path}: unexpected`, thrown);
    return new AppError('INTERNAL');
  }
}

/** The client hung up in the middle of its upload: nobody is there to be told, and nothing is wrong here. */
function isGone(thrown: unknown, request: Request): boolean {
  return request.destroyed && (thrown as Error | null)?.message === 'Request aborted';
}

/** The 4xx of an error of Nest, Express or a body parser, or 0 for anything else. */
function clientFault(thrown: unknown): number {
  const status =
    thrown instanceof HttpException ? thrown.getStatus() : (thrown as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 0;
}

/** Nest keeps nothing of the parser's error but its text: the body that should be there is not. */
function isBadJson(status: number, request: Request): boolean {
  return status === 400 && request.body === undefined && Boolean(request.is('json'));
}

function messageOf(thrown: unknown, status: number): string {
  if (status === 404) return 'There is nothing at this address.';
  if (status === 413) return 'The file is larger than this service takes.';
  if ((thrown as { type?: string }).type === 'entity.parse.failed')
    return 'The body is not what its type says.';
  return thrown instanceof Error ? thrown.message : 'The request could not be understood.';
}
