import { ApiProperty } from '@nestjs/swagger';
import {
  canvasAsFields,
  type CompressionOptions,
  type Effort,
  EFFORTS,
  FORMAT_CHOICES,
  type FormatChoice,
  MEASURE_CHOICES,
  type MeasureChoice,
  METADATA_CHOICES,
  type MetadataChoice,
  targetAsField,
} from '../compression/options.js';

import { CHANNEL_NAMES, type ChannelName } from './channels/channel-list.js';

/** With which options the images of a request are compressed: those that were given, and the defaults of the others. */
export class RequestOptionsResponse {
  /** The channel whose results are asked for and judged; the options that it stands for are below. */
  @ApiProperty({ enum: CHANNEL_NAMES, enumName: 'ChannelName', nullable: true, type: String })
  for!: ChannelName | null;

  /** Encoder quality 1 to 100, or as text such as `50%` a part of the source's own; null where a target was given. */
  @ApiProperty({ oneOf: [{ type: 'integer' }, { type: 'string' }], nullable: true, example: 50 })
  quality!: number | string | null;

  @ApiProperty({ nullable: true, type: String, example: 'ssim:0.98' })
  target!: string | null;

  /** `keep`: each image stays in its own format; `auto`: the smallest of several. */
  @ApiProperty({ enum: FORMAT_CHOICES, enumName: 'FormatChoice' })
  format!: FormatChoice;

  @ApiProperty({ nullable: true, type: 'integer' })
  max_width!: number | null;

  @ApiProperty({ nullable: true, type: 'integer' })
  max_height!: number | null;

  @ApiProperty({ enum: EFFORTS, enumName: 'Effort' })
  effort!: Effort;

  @ApiProperty({ enum: METADATA_CHOICES, enumName: 'MetadataChoice' })
  metadata!: MetadataChoice;

  @ApiProperty({ enum: MEASURE_CHOICES, enumName: 'MeasureChoice' })
  measure!: MeasureChoice;

  /** Width and height of the shape of the results, or `none`. */
  @ApiProperty({ example: 'none' })
  canvas!: string;

  /** A colour, `transparent` or `auto`; null where there is no canvas. */
  @ApiProperty({ nullable: true, type: String, example: '#ffffff' })
  background!: string | null;

  trim!: boolean;

  /** In percent; null for all of the canvas. */
  @ApiProperty({ nullable: true, type: 'integer' })
  fill!: number | null;

  enlarge!: boolean;
}

/** The options as clients are told them. */
export function optionsAsFields(options: CompressionOptions, channel: string | null): RequestOptionsResponse {
  const { quality, target, format, maxWidth, maxHeight, effort, metadata, measure } = options;
  const sides = { max_width: maxWidth, max_height: maxHeight };
  const { canvas, background, trim, fill, enlarge } = canvasAsFields(options.canvas);
  return {
    for: channel as ChannelName | null,
    ...{ quality, target: targetAsField(target), format, ...sides, effort, metadata, measure },
    ...{ canvas: canvas ?? 'none', background: background ?? null, fill: fill ?? null },
    ...{ trim: trim === 'true', enlarge: enlarge === 'true' },
  };
}
