import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CompressionForm } from '../compression-fields.dto.js';

export class NewProductBody {
  /** Also a number; empty unless given. */
  @ApiPropertyOptional({ type: String, example: '1' })
  serial_number?: string;

  @ApiPropertyOptional({ type: String, example: 'Blue Mug' })
  product_name?: string;

  /** Read as the URLs of a cell are. */
  @ApiProperty({ type: [String], example: ['https://images.example.com/mug.jpg'] })
  image_urls!: string[];
}

/** What a file, and the fields beside it, would say. */
export class NewRequestBody {
  @ApiProperty({ type: [NewProductBody], minItems: 1 })
  products!: NewProductBody[];

  /** Named as the fields of the form; numbers may be numbers. */
  @ApiPropertyOptional({ type: CompressionForm })
  options?: object;

  /** One of your presets: its options, renditions and sizes count where none are given here. */
  @ApiPropertyOptional({ type: String, example: 'shop' })
  preset?: string;

  /** Is called when the request is completed. */
  @ApiPropertyOptional({ type: String })
  webhook_url?: string;

  /** Your own name for the request; files are saved under it. */
  @ApiPropertyOptional({ type: String, maxLength: 200 })
  name?: string;

  /** What results are called in their addresses, as the field of the form: `{product}`, `{serial}`, `{original}`, `{n}`, `{hash}`. */
  @ApiPropertyOptional({ type: String, maxLength: 200, example: '{product}-{n}' })
  image_name?: string;

  /** Further forms of each image, up to 20: objects with a `name`, and the options in which each is different. */
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    example: [{ name: 'thumb', max_width: 320 }],
  })
  renditions?: object[];

  /** Widths in which each image is made as well. */
  @ApiPropertyOptional({ type: [Number], example: [400, 800, 1600] })
  sizes?: number[];

  /** Up to 16 pairs of your own. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { order: '2026-114' },
  })
  labels?: Record<string, string>;

  /** Every server is asked anew, and no earlier result is reused. */
  @ApiPropertyOptional({ default: false })
  fresh?: boolean;

  /** Days for which the sources of the images are kept; `KEEP_SOURCES_DAYS` unless given. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 30, example: 1 })
  keep_sources?: number;

  /** What to do with products that can't be taken: refuse them all, or leave those out and list them in `errors.csv`. */
  @ApiPropertyOptional({ enum: ['refuse', 'skip'], default: 'refuse' })
  on_invalid?: 'refuse' | 'skip';
}
