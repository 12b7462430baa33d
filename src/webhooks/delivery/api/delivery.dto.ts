import { ApiProperty } from '@nestjs/swagger';
import type { DeliveryState } from '../../../database/entities/webhook-delivery.entity.js';
import { codesAt, type ErrorCode } from '../../../errors/error-codes.js';
import { EVENT_TYPES, type EventType, PING } from '../../../events/event-types.js';
import { wordsOf } from '../../../http/description/words.js';
import { PageResponse } from '../../../http/page-query.dto.js';

export const DELIVERY_STATUSES = wordsOf<DeliveryState>({
  pending: true,
  sending: true,
  delivered: true,
  failed: true,
});

/** The code of a try that failed: a listed one, or `HTTP_` and the status that the receiver answered. */
const DELIVERY_CODE = {
  anyOf: [
    { type: 'string', enum: codesAt('delivery') },
    { type: 'string', pattern: '^HTTP_\\d{3}$' },
  ],
  example: 'HTTP_500',
};

export class TryErrorResponse {
  @ApiProperty(DELIVERY_CODE)
  code!: ErrorCode;
  message!: string;
}

export class TryResponse {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({ type: 'integer' })
  duration_ms!: number;

  /** HTTP status; null where there was no answer. */
  @ApiProperty({ nullable: true, type: 'integer', example: 500 })
  status!: number | null;

  /** Null where it succeeded. */
  @ApiProperty({ nullable: true, type: TryErrorResponse })
  error!: TryErrorResponse | null;

  /** The first 1,024 bytes of the answer's body. */
  @ApiProperty({ nullable: true, type: String })
  answer!: string | null;
}

/** One event on its way to one receiver. */
export class DeliveryResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  /** The subscription; null where it goes to the `webhook_url` of an upload. */
  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  webhook_id!: string | null;

  url!: string;

  /** The header `webhook-id`, the same on every try. */
  @ApiProperty({ example: 'evt_c2VjcmV0IGFuZCByYW5kb20' })
  event_id!: string;

  @ApiProperty({ enum: [...EVENT_TYPES, PING] })
  type!: EventType | typeof PING;

  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  request_id!: string | null;

  @ApiProperty({ enum: DELIVERY_STATUSES, enumName: 'DeliveryStatus' })
  status!: DeliveryState;

  /** The code of the last try that failed; null where none has. */
  @ApiProperty({ ...DELIVERY_CODE, nullable: true })
  error_code!: ErrorCode | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  delivered_at!: string | null;

  /** While it is pending. */
  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  next_try_at!: string | null;

  /** The log: one entry per try, in their order. */
  tries!: TryResponse[];
}

export class DeliveryPageResponse extends PageResponse {
  items!: DeliveryResponse[];
}

export class ReplayResponse {
  /** Deliveries that are sent again. */
  @ApiProperty({ type: 'integer' })
  replayed!: number;
}
