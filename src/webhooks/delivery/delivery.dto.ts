import { ApiProperty } from '@nestjs/swagger';
import { EVENT_TYPES } from '../../events/event-types.js';

export class TryErrorResponse {
  @ApiProperty({ example: 'HTTP_500' })
  code!: string;
  message!: string;
}

export class TryResponse {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  duration_ms!: number;

  /** HTTP status; null where there was no answer. */
  @ApiProperty({ nullable: true, type: Number, example: 500 })
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

  @ApiProperty({ enum: [...EVENT_TYPES, 'ping'] })
  type!: string;

  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  request_id!: string | null;

  @ApiProperty({ enum: ['pending', 'sending', 'delivered', 'failed'] })
  status!: string;

  /** Of the last failure: `HTTP_<status>`, a code of the network, `WEBHOOK_DISABLED` or `SECRET_UNREADABLE`. */
  @ApiProperty({ nullable: true, type: String, example: 'HTTP_500' })
  error_code!: string | null;

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

export class DeliveryPageResponse {
  items!: DeliveryResponse[];

  /** Give it as `cursor` for the next page; null on the last. */
  @ApiProperty({ nullable: true, type: String })
  next_cursor!: string | null;
}

export class ReplayResponse {
  /** Deliveries that are sent again. */
  replayed!: number;
}
