import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import { from, mergeMap, type Observable } from 'rxjs';
import { settings, type Settings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { principalOf } from '../../http/guards/principal.js';
import { hasBody } from '../../http/request-body.js';
import { WEBHOOK_FIELDS } from '../webhook-fields.dto.js';
import { spoolBody, WORKBOOK_TYPE } from './csv-body.js';

/** What an upload takes as a parameter of the query, also where it is a form. */
const QUERY_FIELDS: string[] = ['dry_run', ...WEBHOOK_FIELDS];

/**
 * Takes an upload whose body is the file itself (`Content-Type: text/csv`, or that of a workbook): it looks to the route like a form with this file,
 * whose fields are the parameters of the query. Other bodies are left to the interceptors behind it.
 *
 * @throws AppError `BODY_TOO_LARGE` (413), `MEDIA_TYPE_NOT_SUPPORTED` (415): a compressed body
 */
@Injectable()
export class CsvBodyInterceptor implements NestInterceptor {
  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!hasBody(request) || !request.is(['text/csv', WORKBOOK_TYPE])) return next.handle();
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new AppError('MEDIA_TYPE_NOT_SUPPORTED', 'Send the file without a Content-Encoding.');
    return from(this.spool(request)).pipe(mergeMap(() => next.handle()));
  }

  private async spool(request: Request): Promise<void> {
    const fields = Object.entries(request.query);
    const part = (isOfQuery: boolean) =>
      Object.fromEntries(fields.filter(([name]) => QUERY_FIELDS.includes(name) === isOfQuery));
    const maxBytes = Math.min(
      this.settings.MAX_UPLOAD_BYTES,
      principalOf(request)?.token?.maxBytes ?? Infinity,
    );
    const file = await spoolBody(request, this.settings.dataPath('uploads'), maxBytes);
    request.files = [file as Express.Multer.File];
    request.body = part(false);
    Object.defineProperty(request, 'query', { value: part(true) }); // Express reads it anew each time
  }
}
