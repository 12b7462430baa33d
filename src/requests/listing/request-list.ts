import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { RequestEntity, UNSEEN_STATES } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { Principal } from '../../http/guards/principal.js';
import type { RequestPageResponse } from '../request.dto.js';
import { RequestReader } from '../request-reader.js';
import type { RequestsQuery } from './requests-query.dto.js';

/** Where a page ended: the time and the key of its last request. */
interface Position {
  createdAt: number;
  key: number;
}

/** The requests that a caller sees, newest first. */
@Injectable()
export class RequestList {
  constructor(
    private readonly database: Database,
    private readonly reader: RequestReader,
  ) {}

  /**
   * One page. Requests that come meanwhile are on none of the later pages, and none is on two.
   * @throws AppError `INVALID_PARAMETER` for a cursor that is none of ours
   */
  async page(query: RequestsQuery, caller: Principal): Promise<RequestPageResponse> {
    const found = await this.find(query, caller);
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      items: await this.reader.responsesOf(page),
      next_cursor: last && found.length > query.limit ? toCursor(last) : null,
    };
  }

  private find(
    { status, outcome, created_after, created_before, limit, cursor }: RequestsQuery,
    { ownerKey, seesAll, token }: Principal,
  ) {
    const requests = this.database.manager
      .createQueryBuilder(RequestEntity, 'request')
      .where('request.status NOT IN (:...unseen)', { unseen: UNSEEN_STATES });
    if (!seesAll) requests.andWhere('request.ownerKey = :ownerKey', { ownerKey });
    if (token) requests.andWhere('request.tokenId = :tokenId', { tokenId: token.id });
    if (status) requests.andWhere('request.status = :status', { status });
    if (outcome) requests.andWhere('request.outcome = :outcome', { outcome });
    if (created_after) requests.andWhere('request.createdAt > :after', { after: Date.parse(created_after) });
    if (created_before)
      requests.andWhere('request.createdAt < :before', { before: Date.parse(created_before) });
    if (cursor) {
      // Said twice: SQLite and MySQL find the place in the index by the first part alone.
      const { createdAt, key } = fromCursor(cursor);
      requests.andWhere('request.createdAt <= :createdAt', { createdAt });
      requests.andWhere('(request.createdAt < :createdAt OR request.key < :key)', { createdAt, key });
    }
    return requests
      .orderBy('request.createdAt', 'DESC')
      .addOrderBy('request.key', 'DESC')
      .take(limit + 1)
      .getMany();
  }
}

function toCursor({ createdAt, key }: RequestEntity): string {
  return Buffer.from(`${createdAt}.${key}`).toString('base64url');
}

function fromCursor(cursor: string): Position {
  const [, createdAt, key] =
    /^(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (key === undefined)
    throw new AppError('INVALID_PARAMETER', 'cursor must be the next_cursor of an earlier page');
  return { createdAt: Number(createdAt), key: Number(key) };
}
