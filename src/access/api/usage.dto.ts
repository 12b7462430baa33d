import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { type Role, ROLES } from '../../http/guards/principal.js';

const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

export class UsageQuery {
  /** The first day (UTC), such as `2026-01-01`; 30 days before the last unless given. */
  @ApiPropertyOptional({ format: 'date' })
  @IsOptional()
  @Matches(DAY, { message: 'from must be a day such as 2026-01-31' })
  from?: string;

  /** The last day (UTC), such as `2026-01-31`; today unless given. */
  @ApiPropertyOptional({ format: 'date' })
  @IsOptional()
  @Matches(DAY, { message: 'to must be a day such as 2026-01-31' })
  to?: string;

  /** Whose usage, for admins; the caller's own unless given. */
  @ApiPropertyOptional()
  @IsOptional()
  @Matches(/^[\w.@-]{1,64}$/, { message: 'owner must be 1 to 64 letters, digits and . _ @ -' })
  owner?: string;
}

export class UsageBytes {
  /** As fetched. */
  @ApiProperty({ type: 'integer' })
  input!: number;
  /** As delivered. */
  @ApiProperty({ type: 'integer' })
  output!: number;
}

export class UsageDayResponse {
  @ApiProperty({ format: 'date' })
  day!: string;
  /** Requests that ended on that day. */
  @ApiProperty({ type: 'integer' })
  requests!: number;
  /** Images of these that are done. */
  @ApiProperty({ type: 'integer' })
  images!: number;
  /** Images of requests that were taken on that day, whatever became of them: what `images_per_day` counts. */
  @ApiProperty({ type: 'integer' })
  accepted_images!: number;
  bytes!: UsageBytes;
}

export class QuotaState {
  @ApiProperty({ type: 'integer' })
  used!: number;
  /** Of the key that calls; null where there is none. */
  @ApiProperty({ type: 'integer', nullable: true })
  limit!: number | null;
}

export class QuotaStates {
  images_per_day!: QuotaState;
  open_images!: QuotaState;
  stored_bytes!: QuotaState;
}

export class UsageResponse {
  owner!: string;
  /** What the key of this call may do. */
  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role!: Role;
  /** Days on which there was something, the newest first. */
  items!: UsageDayResponse[];
  /** What is used now of what can be limited. */
  quotas!: QuotaStates;
}
