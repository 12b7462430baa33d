import { ApiProperty } from '@nestjs/swagger';
import type { KnownProfile } from '../../tables/tables.js';

/** The most that a shop or marketplace takes. */
export class ProfileLimitsResponse {
  /** Images of a row. */
  @ApiProperty({ nullable: true, type: 'integer' })
  images!: number | null;
  /** Characters of a URL. */
  @ApiProperty({ nullable: true, type: 'integer' })
  url_length!: number | null;
}

/** A kind of file that is recognised by its header. */
export class ProfileResponse {
  @ApiProperty({ example: 'shopify' })
  id!: string;
  @ApiProperty({ example: 'Shopify product export (classic)' })
  title!: string;
  @ApiProperty({ example: 'Shopify' })
  system!: string;
  /** Columns that the header must have; of those in one list, one is enough. In a name, `{n}` is a number and `{any}` any text. */
  @ApiProperty({ type: 'array', items: { type: 'array', items: { type: 'string' } } })
  required_columns!: string[][];
  /** Columns of image URLs. */
  @ApiProperty({ type: [String] })
  image_columns!: string[];
  /** What stands between the URLs of a cell; null where a cell holds one. */
  @ApiProperty({ nullable: true, type: String })
  separator!: string | null;
  /** Columns of product names: the first that there is. */
  @ApiProperty({ type: [String] })
  name_columns!: string[];
  limits!: ProfileLimitsResponse;
  /** Where its columns were seen. */
  @ApiProperty({ type: [String] })
  sources!: string[];
  /** Year and month of that. */
  @ApiProperty({ example: '2026-11' })
  seen!: string;
  /** What is not confirmed by the vendor. */
  @ApiProperty({ nullable: true, type: String })
  unconfirmed!: string | null;
}

export class ProfilesResponse {
  items!: ProfileResponse[];
  /** Always null: all stand on one page. */
  @ApiProperty({ nullable: true, type: String })
  next_cursor!: string | null;
}

/** The kind of a file, and which of its columns are used. */
export class FileProfileResponse {
  /** `standard` where it is no file of a known shop or marketplace. */
  @ApiProperty({ example: 'shopify' })
  id!: string;
  @ApiProperty({ example: 'Shopify product export (classic)' })
  title!: string;
  /** In words, such as `Shopify product export (classic): 214 rows, 3 columns of images`. */
  summary!: string;
  /** The columns of image URLs in this file. */
  @ApiProperty({ type: [String] })
  image_columns!: string[];
  /** The column of product names; null where there is none. */
  @ApiProperty({ nullable: true, type: String })
  name_column!: string | null;
}

export function toProfileResponse(profile: KnownProfile): ProfileResponse {
  const { id, title, system, required, images, separator, product = [], limits, sources, seen } = profile;
  return {
    ...{ id, title, system },
    required_columns: required.map((names) => (Array.isArray(names) ? names : [names])),
    image_columns: images,
    separator,
    name_columns: product,
    limits: { images: limits?.images ?? null, url_length: limits?.urlLength ?? null },
    ...{ sources, seen },
    unconfirmed: profile.unconfirmed ?? null,
  };
}
