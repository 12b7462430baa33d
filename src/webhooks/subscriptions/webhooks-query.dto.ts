import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { EVENT_TYPES, type EventType } from '../../events/event-types.js';

const LONGEST_DESCRIPTION = 500;

/** Left out is fine, null is not: class-validator's own decorator takes both. */
const MayBeLeftOut = () => ValidateIf((_object, value) => value !== undefined);

const NO_INSTANT = 'since must be a date and time with a zone, such as 2026-01-31T12:00:00Z';
/** RFC 3339. ISO 8601 has more forms (weeks, commas, hours alone), which `Date.parse` can't read. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && INSTANT.test(value) && !isNaN(Date.parse(value));
}

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
  @ApiPropertyOptional({ example: 'The shop', maxLength: LONGEST_DESCRIPTION, nullable: true, type: String })
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_DESCRIPTION)
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

export class ReplayBody {
  /** Failed deliveries of events since then are sent again. */
  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  @IsISO8601({ strict: true }, { message: NO_INSTANT })
  @ValidateBy({ name: 'isInstant', validator: { validate: isInstant } }, { message: NO_INSTANT })
  since!: string;
}

export class PageQuery {
  /** Most items on the page. */
  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 50;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @Matches(/^\d{1,9}$/, { message: 'cursor must be the next_cursor of an earlier page' })
  cursor?: string;
}

export class DeliveriesQuery extends PageQuery {
  /** Only the deliveries in this state. */
  @ApiPropertyOptional({ enum: ['pending', 'sending', 'delivered', 'failed'] })
  @IsOptional()
  @IsIn(['pending', 'sending', 'delivered', 'failed'])
  status?: string;
}

/** The key before which a page of deliveries ends: the newest come first. */
export function beforeOf({ cursor }: PageQuery): number {
  return cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
}
