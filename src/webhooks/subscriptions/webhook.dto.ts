import { ApiProperty } from '@nestjs/swagger';
import { codesAt, type ErrorCode } from '../../errors/error-codes.js';
import { EVENT_TYPES, type EventType } from '../../events/event-types.js';
import { PageResponse } from '../../http/page-query.dto.js';

export class DisabledReasonResponse {
  @ApiProperty({ enum: codesAt('webhook') })
  code!: ErrorCode;
  message!: string;
}

/** A subscription. Its secret is never shown again. */
export class WebhookResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'https://shop.example.com/hooks/images' })
  url!: string;

  @ApiProperty({ enum: EVENT_TYPES, enumName: 'EventType', isArray: true })
  event_types!: EventType[];

  @ApiProperty({ nullable: true, type: String })
  description!: string | null;

  /** Whether it is sent anything. */
  active!: boolean;

  /** Why the service itself disabled it; null where it did not. */
  @ApiProperty({ nullable: true, type: DisabledReasonResponse })
  disabled_reason!: DisabledReasonResponse | null;

  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  disabled_at!: string | null;

  /** Since when no try has succeeded; null where the last one did. */
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

export class WebhookPageResponse extends PageResponse {
  items!: WebhookResponse[];
}

export class ServiceSecretResponse {
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret!: string;
}
