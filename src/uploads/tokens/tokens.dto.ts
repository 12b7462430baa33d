import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { CompressionForm } from '../compression-fields.dto.js';

const MIN_SECONDS = 10;
const MAX_SECONDS = 3600;

const SECONDS_MESSAGE = {
  message: `expires_in must be a whole number of seconds from ${MIN_SECONDS} to ${MAX_SECONDS}`,
};
const BYTES_MESSAGE = { message: 'max_bytes must be a whole number from 1' };

export class NewTokenBody {
  /** Seconds until it is void, an hour at most. */
  @ApiPropertyOptional({ type: 'integer', minimum: MIN_SECONDS, maximum: MAX_SECONDS, default: 900 })
  @IsOptional()
  @IsInt(SECONDS_MESSAGE)
  @Min(MIN_SECONDS, SECONDS_MESSAGE)
  @Max(MAX_SECONDS, SECONDS_MESSAGE)
  expires_in?: number;

  /** The options that its uploads have, named as the fields of the form; they may choose unless given. */
  @ApiPropertyOptional({ type: CompressionForm })
  @Allow()
  options?: unknown;

  /**
   * One of your presets, whose options its uploads have, as they are at the upload, with those of `options` in their place. Other
   * renditions are those of the preset alone.
   */
  @ApiPropertyOptional({ example: 'shop' })
  @IsOptional()
  @IsString({ message: 'preset must be the name of a preset' })
  preset?: string;

  /** The largest file that it uploads; the service's own limit unless given. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @IsInt(BYTES_MESSAGE)
  @Min(1, BYTES_MESSAGE)
  max_bytes?: number;

  /** The origin whose pages may use it, one of `CORS_ORIGINS`; any of these unless given. */
  @ApiPropertyOptional({ example: 'https://shop.example' })
  @IsOptional()
  @IsString({ message: 'origin must be text such as https://shop.example' })
  origin?: string;
}

export class TokenResponse {
  /** To be sent as `Authorization: Bearer <token>`. */
  @ApiProperty({ example: 'ipt_…' })
  token!: string;
  @ApiProperty({ format: 'date-time' })
  expires_at!: string;
}
