import { type CanActivate, type ExecutionContext, Injectable, ValidationPipe } from '@nestjs/common';
import type { Request } from 'express';
import { AppError, BadRequestError } from '../errors.js';

/**
 * Refuses a body of another type than JSON, rather than not seeing what is in it.
 * @throws AppError `MEDIA_TYPE_NOT_SUPPORTED` (415)
 */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const { headers } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody || request.is('json')) return true;
    const message = 'Send the body as JSON, with the header "Content-Type: application/json".';
    throw new AppError('MEDIA_TYPE_NOT_SUPPORTED', message, { status: 415 });
  }
}

/**
 * Refuses fields that the body's class does not have, since whoever misspells one would never learn of it. It comes
 * after the application's own pipe, which has looked at the others.
 * @throws BadRequestError `UNKNOWN_FIELD`
 */
export const NO_OTHER_FIELDS = new ValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  exceptionFactory: (errors) => {
    const details = errors.map(({ property }) => ({ field: property, message: 'there is no such field' }));
    return new BadRequestError('UNKNOWN_FIELD', `There is no field "${details[0].field}" here.`, details);
  },
});
