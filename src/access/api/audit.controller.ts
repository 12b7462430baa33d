import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiCall } from '../../http/description/api-call.js';
import { isoTime } from '../../http/json-formats.js';
import { pageOf, PageQuery } from '../../http/page-query.dto.js';
import { Needs } from '../../http/guards/principal.js';
import { AuditLog } from '../audit-log.js';
import { AuditPageResponse } from './keys.dto.js';

/** The audit log, for admins. */
@ApiTags('access')
@Needs('admin')
@Controller('audit')
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Get()
  @ApiCall({
    operationId: 'listAuditLines',
    summary: 'Who deleted something, or made or changed an API key, and when; newest first',
    answer: { type: AuditPageResponse },
    errors: ['INVALID_PARAMETER'],
  })
  async list(@Query() { limit, cursor }: PageQuery): Promise<AuditPageResponse> {
    const found = await this.log.list(limit + 1, Number(cursor ?? Number.MAX_SAFE_INTEGER));
    const { page, next_cursor } = pageOf(found, limit, ({ key }) => key);
    const items = page.map(({ happenedAt, actor, action, subject, details }) => ({
      ...{ at: isoTime(happenedAt), actor, action, subject },
      details: details === null ? null : (JSON.parse(details) as Record<string, unknown>),
    }));
    return { items, next_cursor };
  }
}
