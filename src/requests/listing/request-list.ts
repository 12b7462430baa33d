import { Injectable } from '@nestjs/common';
import { In, type SelectQueryBuilder } from 'typeorm';
import { Database } from '../../database/database.js';
import { RequestEntity, UNSEEN_STATES } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { Principal } from '../../http/guards/principal.js';
import type { RequestPageResponse } from '../request.dto.js';
import { RequestReader } from '../request-reader.js';
import { type Position, searchRequests } from './request-search.js';
import type { RequestsQuery } from './requests-query.dto.js';

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
    const begin = query.cursor ? fromCursor(query.cursor) : null;
    if (query.search?.trim()) return this.searchedPage(query, query.search, caller, begin);
    const found = await this.requestsAfter(query, caller, begin)
      .take(query.limit + 1)
      .getMany();
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return {
      items: await this.reader.responsesOf(page),
      next_cursor: last && found.length > query.limit ? toCursor(last) : null,
    };
  }

  private async searchedPage(
    query: RequestsQuery,
    text: string,
    caller: Principal,
    begin: Position | null,
  ): Promise<RequestPageResponse> {
    const after = (position: Position | null) => this.requestsAfter(query, caller, position ?? begin);
    const { keys, stoppedAt } = await searchRequests(after, text, query.limit);
    const page =
      keys.length > 0
        ? await after(null)
            .andWhere({ key: In(keys) })
            .getMany()
        : [];
    return {
      items: await this.reader.responsesOf(page),
      next_cursor: stoppedAt ? toCursor(stoppedAt) : null,
    };
  }

  /** Those that fit everything but the text, newest first, behind a position. */
  private requestsAfter(
    { status, outcome, created_after, created_before }: RequestsQuery,
    { ownerKey, seesAll, token }: Principal,
    position: Position | null,
  ): SelectQueryBuilder<RequestEntity> {
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
    if (position) {
      // Said twice: SQLite and MySQL find the place in the index by the first part alone.
      const { createdAt, key } = position;
      requests.andWhere('request.createdAt <= :createdAt', { createdAt });
      requests.andWhere('(request.createdAt < :createdAt OR request.key < :key)', { createdAt, key });
    }
    return requests.orderBy('request.createdAt', 'DESC').addOrderBy('request.key', 'DESC');
  }
}

function toCursor({ createdAt, key }: Position): string {
  return Buffer.from(`${createdAt}.${key}`).toString('base64url');
}

function fromCursor(cursor: string): Position {
  const [, createdAt, key] =
    /^(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (key === undefined)
    throw new AppError('INVALID_PARAMETER', 'cursor must be the next_cursor of an earlier page');
  return { createdAt: Number(createdAt), key: Number(key) };
}
