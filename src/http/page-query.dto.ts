import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

/** A query parameter `limit` from 1 to `max`. */
export function Limit({ max, byDefault, of }: { max: number; byDefault: number; of: string }) {
  const message = `limit must be a whole number from 1 to ${max}`;
  return applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      minimum: 1,
      maximum: max,
      default: byDefault,
      description: `At most so many ${of}.`,
    }),
    IsOptional(),
    Type(() => Number),
    IsInt({ message }),
    Min(1, { message }),
    Max(max, { message }),
  );
}

/** The query of a list that is given page by page. Each list has its own `limit` beside it. */
export class CursorQuery {
  /** `next_cursor` of the page before. */
  @IsOptional()
  @Matches(/^\d{1,9}$/, { message: 'cursor must be the next_cursor of an earlier page' })
  cursor?: string;
}

/** One page of a list of things that webhooks have: subscriptions, deliveries. */
export class PageQuery extends CursorQuery {
  @Limit({ max: 100, byDefault: 50, of: 'items on the page' })
  limit: number = 50;
}

/** What every page of a list has besides its `items`. */
export class PageResponse {
  /** Give it as `cursor` for the next page; null on the last. */
  @ApiProperty({ nullable: true, type: String, example: null })
  next_cursor!: string | null;
}

/**
 * The page of a list of which `limit` + 1 items, or fewer, were read.
 * @param keyOf the key of an item, after which the next page begins
 */
export function pageOf<T>(
  found: T[],
  limit: number,
  keyOf: (item: T) => number,
): { page: T[] } & PageResponse {
  const page = found.slice(0, limit);
  return { page, next_cursor: found.length > limit ? String(keyOf(page[limit - 1])) : null };
}
