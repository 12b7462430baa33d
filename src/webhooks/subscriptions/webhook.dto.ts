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
