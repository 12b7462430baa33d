import { ApiProperty } from '@nestjs/swagger';
import type { SourceFormat } from '../../compression/formats/image-format.js';
import type { ImageNote } from '../../compression/options.js';
import { IMAGE_NOTES } from '../../errors/image-codes.js';
import { wordsOf } from '../../http/description/words.js';
import { RequestOptionsResponse } from '../request-options.dto.js';

const IMAGE_FORMATS = wordsOf<SourceFormat>({
  jpeg: true,
  png: true,
  webp: true,
  avif: true,
  gif: true,
  tiff: true,
  heic: true,
  bmp: true,
});

export class ImageFactsResponse {
  @ApiProperty({ type: 'integer' })
  bytes!: number;
  @ApiProperty({ enum: IMAGE_FORMATS, enumName: 'ImageFormat' })
  format!: SourceFormat;
  /** Upright, in pixels. */
  @ApiProperty({ type: 'integer' })
  width!: number;
  /** Upright, in pixels. */
  @ApiProperty({ type: 'integer' })
  height!: number;
}

/** What was made of an image in one form. */
export class OutputResponse extends ImageFactsResponse {
  /** `image`, or the name of a rendition. */
  @ApiProperty({ example: 'image' })
  rendition!: string;
  url!: string;
  @ApiProperty({ nullable: true, type: 'integer', example: 50 })
  quality!: number | null;
  @ApiProperty({ nullable: true, type: Number, example: 0.9731 })
  similarity!: number | null;
  /** Time from the bytes of the input to those of the output; 0 where an earlier result was reused. */
  @ApiProperty({ type: 'integer', example: 12 })
  milliseconds!: number;
  @ApiProperty({ enum: Object.keys(IMAGE_NOTES), enumName: 'ImageNote', isArray: true, example: [] })
  notes!: ImageNote[];
  @ApiProperty({ nullable: true, type: Boolean })
  fits!: boolean | null;
  @ApiProperty({ type: [String], example: ['too_small: 430 < 500'] })
  broken_rules!: string[];
}

/** A further form of each image. */
export class RenditionResponse {
  @ApiProperty({ example: 'thumb' })
  name!: string;
  options!: RequestOptionsResponse;
}
