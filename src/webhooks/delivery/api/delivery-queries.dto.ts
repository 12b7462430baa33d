import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { DeliveryState } from '../../../database/entities/webhook-delivery.entity.js';
import { IsTime } from '../../../http/checks.js';
import { type CursorQuery, PageQuery } from '../../../http/page-query.dto.js';
import { DELIVERY_STATUSES } from './delivery.dto.js';

const NO_INSTANT = 'since must be a date and time with a zone, such as 2026-01-31T12:00:00Z';
/** RFC 3339: a time without a zone would be that of the server. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

export class ReplayBody {
  /** Failed deliveries of events since then are sent again. */
  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  @IsTime(NO_INSTANT)
  @Matches(INSTANT, { message: NO_INSTANT })
  since!: string;
}

export class DeliveriesQuery extends PageQuery {
  /** Only the deliveries in this state. */
  @ApiPropertyOptional({ enum: DELIVERY_STATUSES, enumName: 'DeliveryStatus' })
  @IsOptional()
  @IsIn(DELIVERY_STATUSES, { message: `status must be one of ${DELIVERY_STATUSES.join(', ')}` })
  status?: DeliveryState;
}

/** The key before which a page of deliveries ends: the newest come first. */
export function beforeOf({ cursor }: CursorQuery): number {
  return cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
}
