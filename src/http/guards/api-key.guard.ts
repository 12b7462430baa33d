import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  Logger,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import type { Request } from 'express';
import { createHash } from 'node:crypto';
import { AppError } from '../../errors/app-error.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import {
  FindPrincipal,
  FOR_TOKENS,
  NEEDED_ROLE,
  type Principal,
  type Role,
  ROLES,
  setPrincipal,
  TOKEN_PREFIX,
} from './principal.js';
import { StillLetIn } from './still-let-in.js';
import { WrongKeys } from './wrong-keys.js';

const IS_PUBLIC = 'is public';

/** What upload tokens may read, on every route. */
const OF_REQUESTS = /^\/(requests|status)(\/|$)/i;

/** Marks a controller or a route that needs no API key. `openApiDocument` describes it so. */
export const Public = () => applyDecorators(SetMetadata(IS_PUBLIC, true), ApiSecurity({}));

/**
 * Lets a request in that carries a key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`, whose role is enough for the
 * route. Where the service has no keys everybody is let in: the settings then allow a loopback address only. It runs
 * before anything reads the body: bodies are read by guards of a route and by interceptors, which come after the guards
 * of the application.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly wrongKeys = new WrongKeys();
  private readonly stillLetIn: StillLetIn;
  private readonly warning = new RepeatedWarning(new Logger(ApiKeyGuard.name));

  constructor(
    private readonly reflector: Reflector,
    private readonly principals: FindPrincipal,
  ) {
    this.stillLetIn = new StillLetIn(principals);
  }

  /**
   * @throws AppError 401 `API_KEY_MISSING`, `API_KEY_INVALID` or `TOKEN_EXPIRED`; 429 `TOO_MANY_WRONG_KEYS`, with a time to
   * wait; 403 `ROLE_NOT_ALLOWED`, `TOKEN_NOT_ALLOWED`
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.metadata<boolean>(IS_PUBLIC, context)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const principal = (await this.principals.anonymous()) ?? (await this.callerOf(request));
    this.checkRole(principal, request, context);
    setPrincipal(request, principal, () => this.stillLetIn.has(keyOf(request), principal));
    return true;
  }

  private async callerOf(request: Request): Promise<Principal> {
    const given = keyOf(request);
    if (!given) throw new AppError('API_KEY_MISSING');
    const address = request.ip ?? '';
    const name = createHash('sha256').update(given).digest('base64');
    const isToken = given.startsWith(TOKEN_PREFIX); // whose signature nobody guesses
    const waitMs = this.wrongKeys.waitMs(address);
    if (waitMs > 0 && !isToken && !this.wrongKeys.isUsed(address, name))
      throw new AppError('TOO_MANY_WRONG_KEYS', undefined, { retryAfterMs: waitMs });
    const principal = await this.principals.find(given);
    if (principal) {
      if (!isToken) this.wrongKeys.right(address, name);
      return principal;
    }
    this.wrongKeys.wrong(address);
    this.warning.warn(`a wrong API key was sent from ${address}`);
    throw new AppError('API_KEY_INVALID');
  }

  private checkRole(
    { role, token }: Principal,
    { method, path, headers }: Request,
    context: ExecutionContext,
  ): void {
    const isReading = method === 'GET' || method === 'HEAD';
    if (token) {
      const isOfRequests = isReading && OF_REQUESTS.test(path); // of which the guard of scopes lets it see its own
      if (!isOfRequests && !this.metadata<boolean>(FOR_TOKENS, context))
        throw new AppError('TOKEN_NOT_ALLOWED');
      // Browsers send no origin with what a page reads from where it comes from.
      const { origin } = headers;
      if (token.origin !== null && origin !== token.origin && !(isReading && origin === undefined))
        throw new AppError('TOKEN_NOT_ALLOWED', `This token is for pages of ${token.origin} only.`);
    }
    const needed = this.metadata<Role>(NEEDED_ROLE, context) ?? (isReading ? 'read' : 'write');
    if (ROLES.indexOf(role) < ROLES.indexOf(needed)) throw new AppError('ROLE_NOT_ALLOWED');
  }

  private metadata<T>(key: string, context: ExecutionContext): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}

function keyOf(request: Request): string | undefined {
  return request.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1] ?? request.get('x-api-key');
}
