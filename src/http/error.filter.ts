import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { INVALID_REQUEST_ID, InvalidRequestIdError } from './invalid-request-id.error.js';
import type { CallCode } from '../errors/error-codes.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { callIdOf } from './middleware/call-id.js';
import { sendError } from './send-error.js';
import { ClientLeftError } from './while-there.js';

/** Codes of the errors that the framework itself answers with. */
const HTTP_CODES: Record<number, CallCode> = {
  400: 'BAD_REQUEST',
  404: 'ROUTE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'MEDIA_TYPE_NOT_SUPPORTED',
};

/**
 * Answers every error: an AppError as what it is, a call that the framework or a parser refuses with the code of its
 * status. Anything else that is thrown is a fault of ours: a 500 that says nothing more, and an error in the log.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);
  private readonly unavailable = new RepeatedWarning(this.logger);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    if (isGone(thrown, request)) {
      response.destroy();
      return;
    }
    const error = toAppError(thrown);
    if (error.status >= 500) this.log(callIdOf(response), `${request.method} ${request.path}`, error);
    if (response.headersSent || response.destroyed) response.destroy();
    else if (isInvalidRequestId(thrown, error, request)) response.status(404).json(INVALID_REQUEST_ID);
    else sendError(response, error);
  }

  /** What a server behind us causes goes on for a while, and is logged now and then; a fault of ours each time. */
  private log(callId: string | undefined, call: string, { code, status, cause }: AppError): void {
    const line = `${callId} ${call}: ${code}`;
    if (status !== 500) this.unavailable.warn(`${line}: ${(cause as Error | undefined)?.message ?? ''}`);
    else this.logger.error(line, cause, { call_id: callId, code });
  }
}

function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const status = clientFault(thrown);
  if (!status) return new AppError('INTERNAL', undefined, { cause: thrown });
  if (isBadJson(thrown)) return new AppError('JSON_INVALID');
  return new AppError(HTTP_CODES[status] ?? 'BAD_REQUEST', messageOf(thrown, status));
}

/** Also an id that can't even be decoded, such as `%ff`. */
function isInvalidRequestId(thrown: unknown, { code }: AppError, { path }: Request): boolean {
  return thrown instanceof InvalidRequestIdError || (code === 'BAD_REQUEST' && path.startsWith('/status/'));
}

/**
 * The client hung up in the middle of its upload, or sent what is no HTTP behind its call, for which Node closed the
 * connection (`HPE_…`): nobody is left to be answered, and nothing is wrong here.
 */
function isGone(thrown: unknown, request: Request): boolean {
  if (thrown instanceof ClientLeftError) return true;
  const { message = '', code = '' } = (thrown ?? {}) as { message?: string; code?: unknown };
  if (String(code).startsWith('HPE_')) return request.socket.destroyed;
  return request.destroyed && /^Request (aborted|closed)$/.test(message);
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
