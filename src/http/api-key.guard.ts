import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { ApiSecurity, ApiUnauthorizedResponse } from '@nestjs/swagger';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { createHash, timingSafeEqual } from 'node:crypto';
import { settings, type Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';

const IS_PUBLIC = 'is public';

/** Marks a controller or a route that needs no API key. */
export const Public = () => SetMetadata(IS_PUBLIC, true);

/** Says in the API description that a controller's routes want a key, where keys are set. */
export const NeedsApiKey = () =>
  applyDecorators(
    ApiSecurity('bearer'),
    ApiSecurity('api key'),
    ApiUnauthorizedResponse({
      description: 'No API key, or a wrong one',
      schema: { example: { error: 'This call needs an API key.', code: 'API_KEY_MISSING' } },
    }),
  );

/**
 * Lets a request in that bears one of `API_KEYS`, as `Authorization: Bearer <key>` or `X-API-Key: <key>`. Without keys
 * everybody is let in: the settings then allow a loopback address only.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly keys: Buffer[];

  constructor(
    private readonly reflector: Reflector,
    @Inject(settings.KEY) { API_KEYS }: Settings,
  ) {
    this.keys = API_KEYS.map(digest);
  }

  /** @throws AppError `API_KEY_MISSING` or `API_KEY_INVALID`, both 401 */
  canActivate(context: ExecutionContext): boolean {
    if (this.keys.length === 0) return true;
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()]))
      return true;

    const given = keyOf(context.switchToHttp().getRequest<Request>());
    if (!given) throw new AppError('API_KEY_MISSING');
    // Digests, so that all have one length, and every key is compared, so that the time tells nothing.
    const matches = this.keys.filter((key) => timingSafeEqual(key, digest(given)));
    if (matches.length === 0) throw new AppError('API_KEY_INVALID');
    return true;
  }
}

function keyOf(request: Request): string | undefined {
  return request.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1] ?? request.get('x-api-key');
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
