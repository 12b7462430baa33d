import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Database } from '../database/database.js';
import { AppError } from '../errors/app-error.js';
import { InvalidRequestIdError } from '../http/invalid-request-id.error.js';
import { isUuid } from '../http/json-formats.js';
import { type Principal, principalOf } from '../http/guards/principal.js';

interface Owned {
  ownerKey: number;
  tokenId: string | null;
}

/** A kind of thing that has an owner, and the calls that are about one of it. */
interface Kind {
  path: RegExp;
  /** Finds its owner by its id. */
  sql: string;
  missing: () => Error;
}

const KINDS: Kind[] = [
  {
    path: /^\/status\/([^/]+)\/?$/i,
    sql: 'SELECT owner_key AS ownerKey, token_id AS tokenId FROM requests WHERE id = ?',
    missing: () => new InvalidRequestIdError(),
  },
  {
    path: /^\/requests\/([^/]+)(?:\/|$)/i,
    sql: 'SELECT owner_key AS ownerKey, token_id AS tokenId FROM requests WHERE id = ?',
    missing: () => new AppError('REQUEST_NOT_FOUND'),
  },
  {
    path: /^\/webhooks\/deliveries\/([^/]+)(?:\/|$)/i,
    sql: `SELECT endpoints.owner_key AS ownerKey, NULL AS tokenId FROM webhook_deliveries AS deliveries
      JOIN webhook_endpoints AS endpoints ON endpoints.endpoint_key = deliveries.endpoint_key WHERE deliveries.id = ?`,
    missing: () => new AppError('DELIVERY_NOT_FOUND'),
  },
  {
    path: /^\/webhooks\/(?!service-secret(?:\/|$))([^/]+)(?:\/|$)/i,
    sql: 'SELECT owner_key AS ownerKey, NULL AS tokenId FROM webhook_endpoints WHERE id = ?',
    missing: () => new AppError('WEBHOOK_NOT_FOUND'),
  },
];

/**
 * What another owner has is not there: every call about one request, webhook or delivery, on every route, looks first
 * whose it is. Admins see all; upload tokens what they made. It comes after the guard that finds out who calls.
 */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly database: Database) {}

  /** @throws AppError 404, the one of something that is not there */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const caller = principalOf(request);
    if (!caller || caller.seesAll) return true;
    const kind = KINDS.find(({ path }) => path.test(request.path));
    if (!kind) return true;
    const id = decoded(kind.path.exec(request.path)![1]);
    if (!isUuid(id)) throw kind.missing();
    const [owned] = await this.database.manager.query<Owned[]>(kind.sql, [id]);
    if (!owned || !maySee(caller, owned)) throw kind.missing();
    return true;
  }
}

/** As the route reads it; nothing where it can't be read. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

function maySee({ ownerKey, token }: Principal, owned: Owned): boolean {
  return owned.ownerKey === ownerKey && (token === null || owned.tokenId === token.id);
}
