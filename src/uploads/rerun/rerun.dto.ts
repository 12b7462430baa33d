import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Allow, IsBoolean, IsOptional, IsString } from 'class-validator';
import { CompressionForm } from '../compression-fields.dto.js';
import { PresetField } from '../presets/preset.dto.js';

/**
 * What is to be different from the request that is run again. Options of images that are left out are those of that request; `null`
 * is the default of an upload. With `preset`, options, renditions and sizes that are left out are those of the preset.
 */
export class RerunBody extends IntersectionType(CompressionForm, PresetField) {
  /** Every server is asked anew, and no earlier result is reused. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean({ message: 'fresh must be true or false' })
  fresh?: boolean;

  /** As in `POST /requests`; as in the earlier request unless given. */
  @Allow()
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 30, example: 1 })
  keep_sources?: unknown;

  /** Your own name for the new request; that of the earlier one unless given, and with `null` that of the file. */
  @Allow()
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, example: 'Once more' })
  name?: unknown;

  /** Your own pairs; those of the earlier request unless given, and with `null` none. */
  @Allow()
  @ApiPropertyOptional({
    type: 'object',
    nullable: true,
    additionalProperties: { type: 'string' },
    example: { order: '2026-114' },
  })
  labels?: unknown;

  /** As in `POST /requests`; those of the earlier request unless this or `sizes` is given, and with `null` none. */
  @Allow()
  @ApiPropertyOptional({
    type: 'array',
    nullable: true,
    items: { type: 'object', additionalProperties: true },
    example: [{ name: 'thumb', max_width: 320 }],
  })
  renditions?: unknown;

  /** As in `POST /requests`. */
  @Allow()
  @ApiPropertyOptional({ type: [Number], nullable: true, example: [400, 800] })
  sizes?: unknown;

  /** What results are called, as the field of an upload; as in the earlier request unless given, and with `null` as by default. */
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, example: '{product}-{n}' })
  @IsOptional()
  @IsString({ message: 'image_name must be text' })
  image_name?: string | null;

  /** Is called when the new request is completed. */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  webhook_url?: unknown;

  /** As the field `headers` of an upload, as an object: those of the earlier request are gone. */
  @Allow()
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
    example: {},
  })
  headers?: unknown;
}
