import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import { EVENT_TYPES, type EventType } from '../../events/event-types.js';
import { IsListOf } from '../../http/checks.js';

const MAX_DESCRIPTION_LENGTH = 500;

const EVENT_TYPES_MESSAGE = `event_types must be a list of ${EVENT_TYPES.join(', ')}, each once`;
const DESCRIPTION_MESSAGE = `description must be text of at most ${MAX_DESCRIPTION_LENGTH} characters, or null`;
const URL_MESSAGE = 'url must be text: an http or https URL';

/** Left out is fine, null is not: class-validator's own decorator takes both. */
const MayBeLeftOut = () => ValidateIf((_object, value) => value !== undefined);

class SubscriptionBody {
  /**
   * The events that are sent; to a new webhook those about requests unless given. `image.failed`
   * may come as often as there are images.
   */
  @ApiPropertyOptional({
    enum: EVENT_TYPES,
    enumName: 'EventType',
    isArray: true,
    uniqueItems: true,
    minItems: 1,
  })
  @MayBeLeftOut()
  @IsListOf(
    (type) => (EVENT_TYPES as readonly string[]).includes(type),
    EVENT_TYPES.length,
    EVENT_TYPES_MESSAGE,
  )
  event_types?: EventType[];

  /** A note of your own. */
  @ApiPropertyOptional({
    example: 'The shop',
    maxLength: MAX_DESCRIPTION_LENGTH,
    nullable: true,
    type: String,
  })
  @IsOptional()
  @IsString({ message: DESCRIPTION_MESSAGE })
  @MaxLength(MAX_DESCRIPTION_LENGTH, { message: DESCRIPTION_MESSAGE })
  description?: string | null;

  /**
   * Whether the webhook is active; a new one is, unless this is `false`. `false`: pending deliveries fail, and can be
   * replayed. `true`: it starts again, also where the service had disabled it.
   */
  @ApiPropertyOptional()
  @MayBeLeftOut()
  @IsBoolean({ message: 'active must be true or false' })
  active?: boolean;
}

/** What is left out stays as it is. */
export class WebhookChangesBody extends SubscriptionBody {
  /** http or https, of a public host, on a port that browsers do not block. */
  @ApiPropertyOptional({ example: 'https://shop.example.com/hooks/images' })
  @MayBeLeftOut()
  @IsString({ message: URL_MESSAGE })
  url?: string;
}

export class SecretBody {
  /** Your own secret, `whsec_` and the base64 of 24 to 64 random bytes; the service makes one unless given. */
  @ApiPropertyOptional({ pattern: '^whsec_' })
  @MayBeLeftOut()
  @IsString({ message: 'secret must be text' })
  secret?: string;
}

export class NewWebhookBody extends IntersectionType(SubscriptionBody, SecretBody) {
  /** http or https, of a public host, on a port that browsers do not block. */
  @ApiProperty({ example: 'https://shop.example.com/hooks/images' })
  @IsString({ message: URL_MESSAGE })
  url!: string;
}
