import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import { catchError, Observable, race } from 'rxjs';
import { settings, type Settings } from '../config/settings.js';
import { AppError, isDiskFault } from '../errors/app-error.js';
import { storageUnavailable } from '../files/on-disk.js';
import { principalOf } from './guards/principal.js';
import { askForBody, hasBody } from './request-body.js';

const MEBIBYTE = 1024 * 1024;

/** What a form may hold besides its file: fields, headers of parts, text between them. */
const MAX_BESIDES_FILE_BYTES = 2 * MEBIBYTE;

/**
 * Stands before the interceptor that reads a form, and bounds the whole body: multer bounds files and fields, but not
 * what stands before, between and after the parts, and it answers an error only after the end of the body.
 *
 * @throws AppError `FILE_MISSING`: a body that is no form
 * @throws AppError `BODY_TOO_LARGE` (413): as soon as too much has come, or was announced
 * @throws UnavailableError `STORAGE_UNAVAILABLE`: the file can't be written to disk
 */
@Injectable()
export class FormBodyInterceptor implements NestInterceptor {
  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!hasBody(request) || request.files) return next.handle(); // it has been read already
    if (!request.is('multipart/form-data')) throw new AppError('FILE_MISSING');
    const maxBytes = this.maxBytesOf(request);
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
    askForBody(request);
    return race(endAfter(maxBytes, request), next.handle()).pipe(
      catchError((error: unknown) => {
        throw isDiskFault(error) ? storageUnavailable(error) : error; // multer's, where the file can't be written
      }),
    );
  }

  /** An upload token may allow less than the service. */
  private maxBytesOf(request: Request): number {
    const ofToken = principalOf(request)?.token?.maxBytes ?? Infinity;
    return Math.min(this.settings.MAX_UPLOAD_BYTES, ofToken) + MAX_BESIDES_FILE_BYTES;
  }
}

/** Fails once more than `maxBytes` have arrived. Never emits a value. */
function endAfter(maxBytes: number, request: Request): Observable<never> {
  return new Observable<never>((subscriber) => {
    let received = 0;
    const count = (chunk: Buffer): void => {
      received += chunk.length;
      if (received <= maxBytes) return;
      request.off('data', count);
      const error = tooLarge();
      request.emit('error', error); // multer stops, and removes the file it was writing
      subscriber.error(error);
    };
    request.pause(); // a listener alone would start the stream before multer is there
    request.on('data', count);
    return () => request.off('data', count);
  });
}

function tooLarge(): AppError {
  return new AppError('BODY_TOO_LARGE');
}
