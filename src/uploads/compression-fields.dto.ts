import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min, ValidateBy } from 'class-validator';
import {
  type CompressionFields,
  type Effort,
  EFFORTS,
  FORMAT_CHOICES,
  type FormatChoice,
  METADATA_CHOICES,
  type MetadataChoice,
  QUALITY_PATTERN,
  TARGET_PATTERN,
} from '../compression/options.js';
import { EmptyIsUnset, OneOf } from './form-fields.js';

/** The largest that WebP can hold. */
const MAX_SIDE = 16_383;

/** What /docs fills in, and sends along, where it is not changed. */
const NOT_PREFILLED = { example: '' };

/** As files are named. */
const JpgIsJpeg = () => Transform(({ value }) => (value === 'jpg' ? 'jpeg' : value));

/** The pattern of a form's text that may be empty, too. */
const orEmpty = ({ source }: RegExp): string => `^$|${source}`;

const SIDE_MESSAGE = {
  message: `$property must be given once, as a whole number of pixels from 1 to ${MAX_SIDE}`,
};

const sideInPixels = () =>
  applyDecorators(
    ApiPropertyOptional({ type: 'string', pattern: orEmpty(/^[1-9]\d{0,4}$/), ...NOT_PREFILLED }),
    // As sent: an empty field must not become 0.
    Transform(({ obj, key }) => (obj[key] === '' || obj[key] === undefined ? undefined : toWhole(obj[key]))),
    IsOptional(),
    IsInt(SIDE_MESSAGE),
    Min(1, SIDE_MESSAGE),
    Max(MAX_SIDE, SIDE_MESSAGE),
  );

// The first pipe sees the text, a second one the number. What is neither is a field that was given twice, or as a list.
const toWhole = (field: unknown): number => {
  if (typeof field === 'number') return field;
  return typeof field === 'string' && /^\d{1,9}$/.test(field) ? Number(field) : NaN;
};

const NotTogetherWithQuality = () =>
  ValidateBy({
    name: 'notTogetherWithQuality',
    validator: {
      validate: (_, context) => (context?.object as CompressionForm).quality === undefined,
      defaultMessage: () => 'quality and target exclude each other: give one of them',
    },
  });

/** What an upload may say about how its images are compressed. */
export class CompressionForm implements CompressionFields {
  /**
   * Encoder quality of this file's images, such as `50`: `1` to `100` on the scale of the format delivered (with
   * `format=auto` on JPEG's: other formats are set to come out about as similar), or `1%` to `100%` of each source's own.
   * `QUALITY` unless given. Not together with `target`.
   */
  @ApiPropertyOptional({ type: 'string', pattern: orEmpty(QUALITY_PATTERN), ...NOT_PREFILLED })
  @EmptyIsUnset()
  @IsOptional()
  @Matches(QUALITY_PATTERN, {
    message: 'quality must be given once, as a whole number from 1 to 100, or such a number with % behind it',
  })
  quality?: string;

  /**
   * In place of `quality`: `ssim:0.98` for the smallest file at least that similar to its source (0.1 to 1), or
   * `bytes:60000` for the most similar of at most so many bytes. Where it can't be reached, the image says so in its notes. The
   * number is the SSIM of the brightness at half the size: about 0.986 at JPEG quality 50; below 0.97 blocks are seen.
   */
  @ApiPropertyOptional({ type: 'string', pattern: orEmpty(TARGET_PATTERN), ...NOT_PREFILLED })
  @EmptyIsUnset()
  @IsOptional()
  @Matches(TARGET_PATTERN, {
    message:
      'target must be ssim: with a number from 0.1 to 1 of at most four decimals, or bytes: with a whole number ' +
      'from 1 to 999999999',
  })
  @NotTogetherWithQuality()
  target?: string;

  /** The format delivered: `keep` for the source's own, `auto` for the smallest of it, JPEG, PNG, WebP and AVIF. */
  @JpgIsJpeg()
  @OneOf(FORMAT_CHOICES, 'keep')
  format?: FormatChoice;

  /** Wider images are made smaller, in proportion; none is made larger. Upright, 1 to 16383 pixels, such as `1600`. */
  @sideInPixels()
  max_width?: number;

  /** Higher images are made smaller, in proportion; none is made larger. Upright, 1 to 16383 pixels, such as `1200`. */
  @sideInPixels()
  max_height?: number;

  /**
   * How long the encoder may look for fewer bytes: `best` takes two to six times as long as `balanced`; `fast` half as
   * long, and measures the similarity only with `target` or `format=auto`.
   */
  @OneOf(EFFORTS, 'balanced')
  effort?: Effort;

  /** What is delivered besides the picture: nothing, the author and copyright, or EXIF, XMP and colour profile. */
  @OneOf(METADATA_CHOICES, 'none')
  metadata?: MetadataChoice;
}
