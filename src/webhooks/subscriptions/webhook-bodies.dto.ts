import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { EVENT_TYPES, type EventType } from '../../events/event-types.js';

const MAX_DESCRIPTION = 500;

/** Left out is fine, null is not: class-validator's own decorator takes both. */
const MayBeLeftOut = () => ValidateIf((_object, value) => value !== undefined);

class SubscriptionBody {
  /** What it is told of. `image.failed` may come as often as there are images. */
  @ApiPropertyOptional({
    enum: EVENT_TYPES,
    isArray: true,
    default: ['request.processing', 'request.completed'],
  })
  @MayBeLeftOut()
  @IsIn(EVENT_TYPES, { each: true, message: `event_types must be a list of ${EVENT_TYPES.join(', ')}` })
  @ArrayNotEmpty()
  @ArrayUnique()
  event_types?: EventType[];

  /** For yourself. */
  @ApiPropertyOptional({ example: 'The shop', maxLength: MAX_DESCRIPTION, nullable: true, type: String })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_DESCRIPTION)
  description?: string | null;

  /** `false`: nothing is sent, and what was on its way has failed. `true`: begins anew, whatever had disabled it. */
  @ApiPropertyOptional({ default: true })
  @MayBeLeftOut()
  @IsBoolean()
  active?: boolean;
}

export class WebhookChangesBody extends SubscriptionBody {
  /** http or https, of a public host, on a port that browsers do not block. */
  @ApiPropertyOptional({ example: 'https://shop.example.com/hooks/images' })
  @MayBeLeftOut()
  @IsString()
  url?: string;
}

export class SecretBody {
  /** Your own secret, `whsec_` and the base64 of 24 to 64 random bytes; one is made unless given. */
  @ApiPropertyOptional()
  @MayBeLeftOut()
  @IsString()
  secret?: string;
}

export class NewWebhookBody extends SubscriptionBody {
  /** http or https, of a public host, on a port that browsers do not block. */
  @ApiProperty({ example: 'https://shop.example.com/hooks/images' })
  @IsString()
  url!: string;

  /** Your own secret, `whsec_` and the base64 of 24 to 64 random bytes; one is made unless given. */
  @ApiPropertyOptional()
  @MayBeLeftOut()
  @IsString()
  secret?: string;
}
