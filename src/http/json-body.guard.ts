import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { AppError } from '../errors/app-error.js';

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
    throw new AppError('MEDIA_TYPE_NOT_SUPPORTED');
  }
}
