import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsOptional, IsString } from 'class-validator';
import type { PresetEntity } from '../../database/entities/access/preset.entity.js';
import { AppError } from '../../errors/app-error.js';
import { isoTime } from '../../http/json-formats.js';
import { readJsonOptions } from '../bodies/json-options.js';
import { CompressionForm } from '../compression-fields.dto.js';
import { readRenditionFields } from '../fields/renditions-field.js';
import { EmptyIsUnset } from '../form-fields.js';
import type { WantedPictures } from './preset-pictures.js';
import { picturesOf } from './presets.service.js';

const EXAMPLE = { format: 'webp', quality: '70', sizes: [400, 800] };

/** The field of whatever takes a preset. */
export class PresetField {
  /**
   * The name of one of your presets (`PUT /presets/<name>`): its options count where no field says otherwise. The request keeps what
   * comes of it, whatever becomes of the preset.
   */
  @ApiPropertyOptional({ type: String, example: '' })
  @EmptyIsUnset()
  @IsOptional()
  @IsString({ message: 'preset must be the name of a preset, and given once only' })
  preset?: string;
}

/** What a preset stands for, named as the fields of an upload. */
export class PresetOptions extends CompressionForm {
  /** Further forms of each image, up to 20: objects with a `name`, and the options in which each is different. */
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    example: [{ name: 'thumb', max_width: 320 }],
  })
  renditions?: object[];

  /** Widths in which each image is made as well. */
  @ApiPropertyOptional({ type: [Number], example: [400, 800] })
  sizes?: number[];
}

export class PresetBody {
  @Allow()
  @ApiProperty({ type: PresetOptions, example: EXAMPLE })
  options!: unknown;
}

export class PresetResponse {
  @ApiProperty({ example: 'shop' })
  name!: string;
  /** As they were given, named as the fields of an upload. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: EXAMPLE })
  options!: Record<string, unknown>;
  @ApiProperty({ format: 'date-time' })
  created_at!: string;
  /** When it last became another one. */
  @ApiProperty({ format: 'date-time' })
  changed_at!: string;
}

export class PresetsResponse {
  items!: PresetResponse[];
  /** All are in one page: there are a hundred at most. */
  @ApiProperty({ nullable: true, type: String, example: null })
  next_cursor!: null;
}

/** @throws AppError `INVALID_PARAMETER`, `UNKNOWN_FIELD`: as at an upload, which would have to refuse it */
export function readPresetOptions(options: unknown): WantedPictures {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new AppError('INVALID_PARAMETER', 'options must be an object.');
  const { renditions, sizes, ...compression } = options as Record<string, unknown>;
  const said = Object.entries(compression).filter(([, value]) => value !== null);
  return {
    compression: readJsonOptions(Object.fromEntries(said)),
    renditions: readRenditionFields(renditions, sizes) ?? [],
  };
}

/** A preset as clients are told of it. */
export function toPresetResponse(preset: PresetEntity): PresetResponse {
  const { compression, renditions } = picturesOf(preset);
  const named = renditions.filter(({ isSize }) => !isSize).map(({ name, fields }) => ({ name, ...fields }));
  const sizes = renditions.filter(({ isSize }) => isSize).map(({ fields }) => fields.max_width);
  const forms = {
    ...(named.length > 0 && { renditions: named }),
    ...(sizes.length > 0 && { sizes }),
  };
  return {
    name: preset.name,
    options: { ...compression, ...forms },
    created_at: isoTime(preset.createdAt),
    changed_at: isoTime(preset.changedAt),
  };
}
