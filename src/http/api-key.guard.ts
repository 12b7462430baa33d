import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  SetMetadata,
} from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { createHash, timingSafeEqual } from 'node:crypto';
import { settings, type Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { RepeatedWarning } from '../errors/repeated-warning.js';
import { WrongKeys } from './wrong-keys.js';

const IS_PUBLIC = 'is public';

/** Marks a controller or a route that needs no API key. `openApiDocument` describes it so. */
export const Public = () => applyDecorators(SetMetadata(IS_PUBLIC, true), ApiSecurity({}));

/**
 * Lets a request in that carries one of `API_KEYS`, as `Authorization: Bearer <key>` or `X-API-Key: <key>`. Without keys
 * everybody is let in: the settings then allow a loopback address only. It runs before anything reads the body: bodies
 * are read by guards of a route and by interceptors, which come after the guards of the application.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly keys: Buffer[];
  private readonly wrongKeys = new WrongKeys();
  private readonly warning = new RepeatedWarning(new Logger(ApiKeyGuard.name));

  constructor(
    private readonly reflector: Reflector,
    @Inject(settings.KEY) { API_KEYS }: Settings,
  ) {
    this.keys = API_KEYS.map(digest);
  }

  /** @throws AppError 401 `API_KEY_MISSING` or `API_KEY_INVALID`; 429 `TOO_MANY_WRONG_KEYS`, with a time to wait */
  canActivate(context: ExecutionContext): boolean {
    if (this.keys.length === 0) return true;
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()]))
      return true;

    const request = context.switchToHttp().getRequest<Request>();
    const given = keyOf(request);
    if (!given) throw new AppError('API_KEY_MISSING');
    this.check(given, request.ip ?? '');
    return true;
  }

  private check(given: string, address: string): void {
    const key = this.numberOf(given);
    if (key >= 0 && this.wrongKeys.isUsed(address, key)) return;
    const waitMs = this.wrongKeys.waitMs(address);
    if (waitMs > 0) throw new AppError('TOO_MANY_WRONG_KEYS', undefined, { retryAfterMs: waitMs });
    if (key >= 0) return this.wrongKeys.right(address, key);
    this.wrongKeys.wrong(address);
    this.warning.warn(`a wrong API key was sent from ${address}`);
    throw new AppError('API_KEY_INVALID');
  }

  /** Its place in `API_KEYS`, or -1. Digests have one length, and all are compared, so that the time tells nothing. */
  private numberOf(given: string): number {
    const wanted = digest(given);
    return this.keys.map((key) => timingSafeEqual(key, wanted)).indexOf(true);
  }
}

function keyOf(request: Request): string | undefined {
  return request.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1] ?? request.get('x-api-key');
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
