import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Allow, IsOptional, IsString } from 'class-validator';
import type { ImageOutcome } from '../database/entities/image.entity.js';
import type { ImageNote } from '../compression/options.js';
import { IMAGE_NOTES } from '../errors/image-codes.js';
import { ImageFactsResponse } from '../requests/renditions/output.dto.js';
import { CompressionForm } from '../uploads/compression-fields.dto.js';
import { PresetField } from '../uploads/presets/preset.dto.js';
import { EmptyIsUnset } from '../uploads/form-fields.js';

class PreviewSource {
  /** The address of the image; or send the image itself as a part of the form. */
  @ApiPropertyOptional({ type: String, example: 'https://images.example.com/blue-mug.jpg' })
  @EmptyIsUnset()
  @IsOptional()
  @IsString({ message: 'url must be one address' })
  url?: string;

  @Allow()
  @ApiPropertyOptional({ type: 'string', format: 'binary' })
  file?: unknown;

  /** As the field of an upload. */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  renditions?: unknown;

  /** As the field of an upload. */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  sizes?: unknown;
}

/** One image, by its address or as a file part, and what an upload may say about how images are compressed. */
export class PreviewForm extends IntersectionType(PreviewSource, PresetField, CompressionForm) {}

/** A picture that the answer holds. */
export class PreviewPicture {
  @ApiProperty({ example: 'image/jpeg' })
  content_type!: string;
  /** Its bytes. */
  @ApiProperty({ format: 'byte' })
  base64!: string;
}

/** How a form of the image stands with the channel that it is for. */
class PreviewJudgement {
  /** Null where it is for no channel. */
  @ApiProperty({ nullable: true, type: Boolean })
  fits!: boolean | null;
  /** Such as `too_small: 430 < 500`. */
  @ApiProperty({ type: [String], example: [] })
  broken_rules!: string[];
}

/** What the service works on at the same time, in all workers that run. */
export class AtOnceResponse {
  /** Images that are compressed, each on a core of its own. */
  @ApiProperty({ type: 'integer', example: 4 })
  images!: number;
  @ApiProperty({ type: 'integer', example: 128 })
  downloads!: number;
  @ApiProperty({ type: 'integer', example: 16 })
  downloads_per_host!: number;
}

/** A further form of the image. */
export class PreviewRendition extends PreviewJudgement {
  @ApiProperty({ example: 'thumb' })
  name!: string;
  /** Null for those that would make the answer too large. */
  @ApiProperty({ nullable: true, type: PreviewPicture })
  after!: PreviewPicture | null;
  output!: ImageFactsResponse;
  /** As that of an image of a request. */
  @ApiProperty({ nullable: true, type: 'integer', example: 50 })
  quality!: number | null;
  /** Time that this form took beside the others. */
  @ApiProperty({ type: 'integer', example: 9 })
  milliseconds!: number;
  @ApiProperty({ enum: Object.keys(IMAGE_NOTES), enumName: 'ImageNote', isArray: true, example: [] })
  notes!: ImageNote[];
}

/** What compressing one image comes to. Nothing of it is stored. */
export class PreviewResponse extends PreviewJudgement {
  /** As it was sent or fetched. */
  before!: PreviewPicture;
  after!: PreviewPicture;
  input!: ImageFactsResponse;
  output!: ImageFactsResponse;
  @ApiProperty({ enum: ['compressed', 'kept_original'] })
  outcome!: ImageOutcome;
  /** 100 × (1 − output / input), one decimal. */
  @ApiProperty({ example: 67.2 })
  saved_percent!: number;
  /** As that of an image of a request. */
  @ApiProperty({ nullable: true, type: 'integer', example: 50 })
  quality!: number | null;
  /** As that of an image of a request; it is measured unless `measure` is `none`. */
  @ApiProperty({ nullable: true, type: Number, example: 0.9731 })
  similarity!: number | null;
  /** Time from the bytes before to those after. */
  @ApiProperty({ nullable: true, type: 'integer', example: 12 })
  milliseconds!: number | null;
  /** Time of the download; null where the image was sent. */
  @ApiProperty({ nullable: true, type: 'integer', example: 180 })
  fetch_milliseconds!: number | null;
  /** With the times above, what the time of a whole file is estimated by; null while no worker runs. */
  @ApiProperty({ nullable: true, type: AtOnceResponse })
  at_once!: AtOnceResponse | null;
  @ApiProperty({ enum: Object.keys(IMAGE_NOTES), enumName: 'ImageNote', isArray: true, example: [] })
  notes!: ImageNote[];
  /** The forms that `renditions`, `sizes` or the preset ask for. */
  @ApiProperty({ type: [PreviewRendition] })
  renditions!: PreviewRendition[];
}
