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
  private readonly maxBytes: number;

  constructor(@Inject(settings.KEY) { MAX_UPLOAD_BYTES }: Settings) {
    this.maxBytes = MAX_UPLOAD_BYTES + MAX_BESIDES_FILE_BYTES;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!hasBody(request)) return next.handle();
    if (!request.is('multipart/form-data')) throw new AppError('FILE_MISSING');
    if (Number(request.headers['content-length'] ?? 0) > this.maxBytes) throw tooLarge();
    askForBody(request);
    return race(endAfter(this.maxBytes, request), next.handle()).pipe(
      catchError((error: unknown) => {
        throw isDiskFault(error) ? storageUnavailable(error) : error; // multer's, where the file can't be written
      }),
    );
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
