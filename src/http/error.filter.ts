import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isDatabaseAway } from '../database/database.js';
import { AppError, isDiskFault, UnavailableError } from '../errors/app-error.js';
import { InvalidRequestIdError } from './invalid-request-id.error.js';
import type { CallCode } from '../errors/error-codes.js';
import { RepeatedWarning } from '../errors/repeated-warning.js';
import { sendError } from './send-error.js';

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
    sendError(response, error);
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
      if (isBadJson(thrown)) return new AppError('JSON_INVALID');
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

/** The client hung up in the middle of its upload: nobody is left to be answered, and nothing is wrong here. */
function isGone(thrown: unknown, request: Request): boolean {
  return request.destroyed && /^Request (aborted|closed)$/.test((thrown as Error | null)?.message ?? '');
}

/** The 4xx of an error of Nest, Express or a body parser, or 0 for anything else. */
function clientFault(thrown: unknown): number {
  const status =
    thrown instanceof HttpException ? thrown.getStatus() : (thrown as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 0;
}

function isBadJson(thrown: unknown): boolean {
  return (thrown as { type?: unknown }).type === 'entity.parse.failed';
}

/** The parsers say what is wrong with a body; for other statuses the sentence of the code is the better one. */
function messageOf(thrown: unknown, status: number): string | undefined {
  return status === 400 && thrown instanceof Error ? thrown.message : undefined;
}
