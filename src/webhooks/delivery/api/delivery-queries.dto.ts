import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, ValidateBy } from 'class-validator';
import type { DeliveryState } from '../../../database/entities/webhook-delivery.entity.js';
import { type CursorQuery, PageQuery } from '../../../http/page-query.dto.js';
import { DELIVERY_STATUSES } from './delivery.dto.js';

const NO_INSTANT = 'since must be a date and time with a zone, such as 2026-01-31T12:00:00Z';
/** RFC 3339. ISO 8601 has more forms (weeks, commas, hours alone), which `Date.parse` can't read. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && INSTANT.test(value) && !isNaN(Date.parse(value));
}

export class ReplayBody {
  /** Failed deliveries of events since then are sent again. */
  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  @IsISO8601({ strict: true }, { message: NO_INSTANT })
  @ValidateBy({ name: 'isInstant', validator: { validate: isInstant } }, { message: NO_INSTANT })
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
