import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min, ValidateBy } from 'class-validator';
import {
  BACKGROUND_PATTERN,
  CANVAS_PATTERN,
  type Effort,
  EFFORTS,
  FORMAT_CHOICES,
  type FormatChoice,
  MEASURE_CHOICES,
  type MeasureChoice,
  METADATA_CHOICES,
  type MetadataChoice,
  QUALITY_PATTERN,
  TARGET_PATTERN,
  YES_OR_NO,
  type YesOrNo,
} from '../compression/options.js';
import type { PictureFields } from '../requests/channels/channel-fields.js';
import { CHANNEL_NAMES, type ChannelName } from '../requests/channels/channel-list.js';
import { EmptyIsUnset, NumberIsText, OptionalOneOf } from './form-fields.js';

/** The largest that WebP can hold. */
const MAX_SIDE = 16_383;

/** What /docs fills in, and sends along, where it is not changed. */
const NOT_PREFILLED = { example: '' };

/** As files are named. */
const JpgIsJpeg = () => Transform(({ value }) => (value === 'jpg' ? 'jpeg' : value));

/** The pattern of a form's text that may be empty, too. */
const orEmpty = ({ source }: RegExp): string => `^$|${source}`;

const SIDE_MESSAGE = {
  message: `$property must be a whole number of pixels from 1 to ${MAX_SIDE}, and given once only`,
};

const FILL_MESSAGE = {
  message: '$property must be a whole number of percent from 1 to 100, and given once only',
};

const wholeNumber = (most: number, pattern: RegExp, message: { message: string }) =>
  applyDecorators(
    ApiPropertyOptional({ type: 'string', pattern: orEmpty(pattern), ...NOT_PREFILLED }),
    // As sent: an empty field must not become 0.
    Transform(({ obj, key }) => (obj[key] === '' ? undefined : toWhole(obj[key]))),
    IsOptional(),
    IsInt(message),
    Min(1, message),
    Max(most, message),
  );

const sideInPixels = () => wholeNumber(MAX_SIDE, /^[1-9]\d{0,4}$/, SIDE_MESSAGE);

/** Ten to one is narrower than any shop asks for, and no result becomes a line. */
const MAX_RATIO = 10;

const IsShape = () =>
  ValidateBy({
    name: 'isShape',
    validator: {
      validate: (field: unknown) => {
        if (typeof field !== 'string' || !CANVAS_PATTERN.test(field)) return false;
        const [width, height = width] = field === 'none' ? [1] : field.split(':').map(Number);
        return Math.max(width / height, height / width) <= MAX_RATIO;
      },
      defaultMessage: () =>
        'canvas must be none, or width and height of a shape such as 1:1 or 1:1.44, of which none is more than ' +
        `${MAX_RATIO} times the other, and given once only`,
    },
  });

// The first pipe sees the text, a second one the number. What is neither is a field that was given twice, or as a list.
const toWhole = (field: unknown): number | null | undefined => {
  if (typeof field === 'number' || field === null || field === undefined) return field;
  return typeof field === 'string' && /^\d{1,9}$/.test(field) ? Number(field) : NaN;
};

const NotTogetherWithQuality = () =>
  ValidateBy({
    name: 'notTogetherWithQuality',
    validator: {
      validate: (_, context) => ((context?.object as CompressionForm).quality ?? undefined) === undefined,
      defaultMessage: () => 'quality and target exclude each other: give one of them',
    },
  });

/** What an upload may say about how its images are compressed. */
export class CompressionForm implements PictureFields {
  /**
   * Where the images go: the size, shape, background, format and quality that the shop or marketplace wants (`GET /channels`). Other
   * fields change parts of that. Each result is checked against its rules (`fits`).
   */
  @OptionalOneOf(CHANNEL_NAMES)
  for?: ChannelName;

  /**
   * Encoder quality of this file's images, such as `50`: `1` to `100` on the scale of the format delivered (with
   * `format=auto` on JPEG's: other formats are set to come out about as similar), or `1%` to `100%` of each source's own.
   * `QUALITY` unless given. Not together with `target`.
   */
  @ApiPropertyOptional({ type: 'string', pattern: orEmpty(QUALITY_PATTERN), ...NOT_PREFILLED })
  @EmptyIsUnset()
  @NumberIsText()
  @IsOptional()
  @Matches(QUALITY_PATTERN, {
    message:
      'quality must be a whole number from 1 to 100, or such a number followed by %, and given once only',
  })
  quality?: string;

  /**
   * In place of `quality`: `ssim:0.98` for the smallest file at least that similar to its source (0.1 to 1), or
   * `bytes:60000` for the most similar of at most so many bytes. Where it can't be reached, the image says so in its notes. The
   * number compares colours, brightness and transparency: about 0.985 at JPEG quality 50; below 0.97 blocks are seen.
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

  /** The format delivered: `keep`, as it is unless given, for the source's own, `auto` for the smallest of it, JPEG, PNG, WebP and AVIF. */
  @JpgIsJpeg()
  @OptionalOneOf(FORMAT_CHOICES)
  format?: FormatChoice;

  /** Wider images are made smaller, in proportion; none is made larger unless with `enlarge`. Upright, 1 to 16383 pixels, such as `1600`. */
  @sideInPixels()
  max_width?: number;

  /** Higher images are made smaller, in proportion; none is made larger unless with `enlarge`. Upright, 1 to 16383 pixels, such as `1200`. */
  @sideInPixels()
  max_height?: number;

  /** How long the encoder may look for fewer bytes. `balanced` unless given. For JPEG, `fast` and `balanced` are the same. */
  @OptionalOneOf(EFFORTS)
  effort?: Effort;

  /** What is delivered besides the picture: nothing, the author and copyright, or EXIF, XMP and colour profile. `none` unless given. */
  @OptionalOneOf(METADATA_CHOICES)
  metadata?: MetadataChoice;

  /**
   * `similarity`: each image reports how similar it is to its source, which makes a JPEG take two to three
   * times as long. `MEASURE` unless given; with `target` and `format=auto` it is reported in any case. The images are the same.
   */
  @OptionalOneOf(MEASURE_CHOICES)
  measure?: MeasureChoice;

  /**
   * The shape of the result: width and height such as `1:1` or `1:1.44`. The image is laid on a canvas of that shape, which is no
   * larger than needed, and not larger than `max_width` and `max_height`. With this and the fields below the result is as
   * asked for, also where it has more bytes than its source.
   */
  @ApiPropertyOptional({ type: 'string', pattern: orEmpty(CANVAS_PATTERN), ...NOT_PREFILLED })
  @EmptyIsUnset()
  @IsOptional()
  @IsShape()
  canvas?: string;

  /**
   * What lies behind the image, and shows where it is transparent: a colour such as `#ffffff`, which it is unless given,
   * `transparent`, or `auto` for the mean of the image's own border.
   */
  @ApiPropertyOptional({ type: 'string', pattern: orEmpty(BACKGROUND_PATTERN), ...NOT_PREFILLED })
  @EmptyIsUnset()
  @IsOptional()
  @Matches(BACKGROUND_PATTERN, {
    message: 'background must be a colour such as #ffffff, transparent or auto, and given once only',
  })
  background?: string;

  /** `true`: the image's own border of one colour (within ΔE 3), or of nothing, is cut off first. */
  @OptionalOneOf(YES_OR_NO)
  trim?: YesOrNo;

  /** How much of the canvas the image takes, in percent of the side that it fills first, such as `85`; `100` unless given. */
  @wholeNumber(100, /^(?:[1-9]\d?|100)$/, FILL_MESSAGE)
  fill?: number;

  /** `true`: smaller images are made as large as `max_width` and `max_height` allow. */
  @OptionalOneOf(YES_OR_NO)
  enlarge?: YesOrNo;
}
