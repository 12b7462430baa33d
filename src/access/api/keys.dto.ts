import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { PageResponse } from '../../http/page-query.dto.js';
import { type Quotas, type Role, ROLES } from '../../http/guards/principal.js';

const NAME_MESSAGE = 'name must be text of 1 to 255 characters';
const ROLE_MESSAGE = `role must be one of ${ROLES.join(', ')}`;

/** Left out is fine, null is not: class-validator's own decorator takes both. */
const MayBeLeftOut = () => ValidateIf((_object, value) => value !== undefined);

const QUOTA_NAMES = ['images_per_day', 'open_images', 'stored_bytes'] satisfies (keyof Quotas)[];

const AreQuotas = () =>
  ValidateBy({
    name: 'areQuotas',
    validator: {
      validate: (value) => value === null || isQuotas(value),
      defaultMessage: () =>
        `quotas must be null, or an object with whole numbers from 0: ${QUOTA_NAMES.join(', ')}, each of which may be left out`,
    },
  });

function isQuotas(value: unknown): boolean {
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  return Object.entries(value as object).every(
    ([name, limit]) => (QUOTA_NAMES as string[]).includes(name) && Number.isSafeInteger(limit) && limit >= 0,
  );
}

/** What the owner of a key may use at most. What is left out is not limited. */
export class QuotasResponse implements Quotas {
  /** Images of requests that are taken on one day (UTC). */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, example: 10_000 })
  images_per_day?: number;

  /** Images that are waiting or at work at one time. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0 })
  open_images?: number;

  /** Bytes of stored files: results, and what was uploaded. An upload is refused when they are reached. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0 })
  stored_bytes?: number;
}

export class NewKeyBody {
  /** What you know it by. */
  @ApiProperty({ example: 'The shop', maxLength: 255 })
  @IsString({ message: NAME_MESSAGE })
  @MinLength(1, { message: NAME_MESSAGE })
  @MaxLength(255, { message: NAME_MESSAGE })
  name!: string;

  /** `read` sees, `write` also uploads and changes, `admin` does everything, and sees what all owners have. */
  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  @IsIn(ROLES, { message: ROLE_MESSAGE })
  role!: Role;

  /**
   * Whose requests, webhooks and usage it is for; keys of one owner see the same. One of its own unless given, but for an
   * admin key `default`, whose everything is that was made without keys or with `API_KEYS`. Needed for `read`.
   */
  @ApiPropertyOptional({ example: 'shop', pattern: '^[\\w.@-]{1,64}$' })
  @MayBeLeftOut()
  @Matches(/^[\w.@-]{1,64}$/, { message: 'owner must be 1 to 64 letters, digits and . _ @ -' })
  owner?: string;

  @ApiPropertyOptional({ type: QuotasResponse, nullable: true })
  @MayBeLeftOut()
  @AreQuotas()
  quotas?: Quotas | null;
}

export class KeyChangesBody {
  @ApiPropertyOptional({ maxLength: 255 })
  @MayBeLeftOut()
  @IsString({ message: NAME_MESSAGE })
  @MinLength(1, { message: NAME_MESSAGE })
  @MaxLength(255, { message: NAME_MESSAGE })
  name?: string;

  @ApiPropertyOptional({ enum: ROLES, enumName: 'Role' })
  @MayBeLeftOut()
  @IsIn(ROLES, { message: ROLE_MESSAGE })
  role?: Role;

  /** In place of those before; null for none. */
  @ApiPropertyOptional({ type: QuotasResponse, nullable: true })
  @IsOptional()
  @AreQuotas()
  quotas?: Quotas | null;
}

export class KeyResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;
  name!: string;
  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role!: Role;
  owner!: string;
  quotas!: QuotasResponse;
  @ApiProperty({ format: 'date-time' })
  created_at!: string;
  /** To the minute; null before its first use. */
  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  last_used_at!: string | null;
}

export class KeyWithTextResponse extends KeyResponse {
  /** To be sent as `Authorization: Bearer <key>`. Shown this once: only a digest of it is stored. */
  @ApiProperty({ example: 'ipk_…' })
  key!: string;
}

export class KeyPageResponse extends PageResponse {
  items!: KeyResponse[];
}

export class AuditLineResponse {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  /** Who: the name of a key and its id. */
  actor!: string;
  /** What, such as `key.create`, `key.change`, `key.rotate`, `key.delete`, `request.delete`. */
  action!: string;
  /** Of which: its id. */
  subject!: string;
  /** What it was changed to, where there is more to say. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  details!: Record<string, unknown> | null;
}

export class AuditPageResponse extends PageResponse {
  items!: AuditLineResponse[];
}
