import { ApiProperty } from '@nestjs/swagger';
import { EVENT_TYPES } from '../../events/event-types.js';

export class DisabledReasonResponse {
  @ApiProperty({ enum: ['ENDPOINT_GONE', 'ENDPOINT_FAILING'] })
  code!: string;
  message!: string;
}

/** A subscription. Its secret is never shown again. */
export class WebhookResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'https://shop.example.com/hooks/images' })
  url!: string;

  @ApiProperty({ enum: EVENT_TYPES, isArray: true })
  event_types!: string[];

  @ApiProperty({ nullable: true, type: String })
  description!: string | null;

  /** Whether it is sent anything. */
  active!: boolean;

  /** Why the service itself switched it off; null where it did not. */
  @ApiProperty({ nullable: true, type: DisabledReasonResponse })
  disabled_reason!: DisabledReasonResponse | null;

  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  disabled_at!: string | null;

  /** Since when no try has succeeded; null while all is well. */
  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  failing_since!: string | null;

  /** Until then the secret before the last rotation signs as well. */
  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  previous_secret_until!: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;
}

/** The one time that the secret is shown. */
export class WebhookWithSecretResponse extends WebhookResponse {
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret!: string;
}

export class WebhookPageResponse {
  items!: WebhookResponse[];

  /** Give it as `cursor` for the next page; null on the last. */
  @ApiProperty({ nullable: true, type: String })
  next_cursor!: string | null;
}

export class ServiceSecretResponse {
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret!: string;
}

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
