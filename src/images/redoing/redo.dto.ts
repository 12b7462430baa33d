import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Allow, IsBoolean, IsOptional, Matches } from 'class-validator';
import { QUALITY_PATTERN, TARGET_PATTERN } from '../../compression/options.js';
import type { RedoWish } from '../../database/entities/redos/redo.entity.js';
import { AppError } from '../../errors/app-error.js';
import { isWholeUrl } from '../retrying/retry.dto.js';

const MAX_URL_LENGTH = 2_048;

/** What is to be different; at least one of these. */
export class RedoBody {
  /** Fetched from there in place of its own address, which it then has. */
  @Allow()
  @ApiPropertyOptional({ type: String, format: 'uri', maxLength: MAX_URL_LENGTH })
  url?: unknown;

  /** Encoder quality of the image itself, as in an upload: `1` to `100`, or `1%` to `100%` of the source's own. Not together with `target`. */
  @ApiPropertyOptional({ oneOf: [{ type: 'integer' }, { type: 'string' }], example: 80 })
  @Transform(({ value }) => (typeof value === 'number' ? String(value) : value))
  @IsOptional()
  @Matches(QUALITY_PATTERN, {
    message: 'quality must be a whole number from 1 to 100, or such a number followed by %',
  })
  quality?: string;

  /** Goal of the image itself, as in an upload. Not together with `quality`. */
  @ApiPropertyOptional({ type: String, pattern: TARGET_PATTERN.source, example: 'ssim:0.99' })
  @IsOptional()
  @Matches(TARGET_PATTERN, {
    message: 'target must be ssim: with a number from 0.1 to 1, or bytes: with a whole number of bytes',
  })
  target?: string;

  /** The image itself as its source has it, in its own format and size. Not together with `quality` or `target`. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean({ message: 'original must be true or false' })
  original?: boolean;

  /** Alone: back to the output before the latest redo that succeeded, once. `redo` is then that of this output. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean({ message: 'undo must be true or false' })
  undo?: boolean;
}

/**
 * Reads the body of a redo. @returns `undo`, or what is to be different
 * @throws AppError `INVALID_PARAMETER`
 */
export function wantedRedo({ url, quality, target, original, undo }: RedoBody): RedoWish | 'undo' {
  const wish: RedoWish = {
    ...(url !== undefined && url !== null && { url: checkedUrl(url) }),
    ...(quality && { quality }),
    ...(target && { target }),
    ...(original && { original }),
  };
  const ways = [wish.quality, wish.target, wish.original].filter((way) => way !== undefined);
  if (undo && Object.keys(wish).length > 0) throw invalid('undo', 'undo stands alone');
  if (undo) return 'undo';
  if (Object.keys(wish).length === 0)
    throw invalid('quality', 'one of url, quality, target, original and undo must be given');
  if (ways.length > 1) throw invalid('quality', 'quality, target and original exclude each other: give one');
  return wish;
}

function checkedUrl(url: unknown): string {
  if (isWholeUrl(url)) return url;
  throw invalid('url', 'url must be a whole address that begins with http:// or https://');
}

function invalid(field: string, message: string): AppError {
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', sentence, { details: [{ field, message }] });
}
