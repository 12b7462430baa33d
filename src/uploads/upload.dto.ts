import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Allow, IsOptional, Matches } from 'class-validator';
import { codesAt } from '../errors/error-codes.js';
import { TABLE_REPAIRS, type TableFaultCode, type TableRepairCode } from '../errors/table-codes.js';
import { wordsOf } from '../http/description/words.js';
import { WarningListing } from '../requests/request-warnings.dto.js';
import type { ColumnRole, CsvLayout } from '../tables/tables.js';
import { ColumnFields } from './columns/column-fields.dto.js';
import { MendingFields } from './mending/mending-fields.dto.js';
import { CompressionForm } from './compression-fields.dto.js';
import { OneOf } from './form-fields.js';
import { PresetField } from './presets/preset.dto.js';
import { FileProfileResponse } from './columns/profile.dto.js';
import { WebhookFields } from './webhook-fields.dto.js';

const YES_OR_NO = ['true', 'false'] as const;
const ON_INVALID_CHOICES = ['refuse', 'skip'] as const;
const COLUMN_ROLES = wordsOf<ColumnRole>({
  serial: true,
  product: true,
  input: true,
  output: true,
  extra: true,
});
const DELIMITERS = wordsOf<CsvLayout['delimiter']>({ ',': true, ';': true, '\t': true });
const ENCODINGS = wordsOf<CsvLayout['encoding']>({
  'utf-8': true,
  'utf-16le': true,
  'utf-16be': true,
  'windows-1252': true,
});

class FilePart {
  /** The CSV file or Excel workbook: `S. No., Product Name, Input Image Urls`. */
  @Allow() // text in a field of this name is no file; the upload then says that the file is missing
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}

class UploadFields extends WebhookFields {
  /** Your own name for the request, of up to 200 characters: files are saved under it. That of the file unless given. */
  @ApiPropertyOptional({ type: String, maxLength: 200, pattern: '^.{0,200}$', example: '' })
  @Transform(({ value }) => (typeof value === 'string' ? value.trim() || undefined : (value as unknown)))
  @IsOptional()
  @Matches(/^\P{Cc}{1,200}$/u, {
    message: 'name must be text of at most 200 characters, and given once only',
  })
  name?: string;

  /** Your own pairs of texts, up to 16, as a JSON object: they come back in the request, the list and webhooks. */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  labels?: unknown;

  /**
   * For images behind a login: a JSON object of hosts (with the port, if the URLs have one), each with the headers for it: Referer,
   * Authorization, Cookie, User-Agent. They are stored encrypted until the request is completed, and shown nowhere.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  headers?: unknown;

  /**
   * Further forms of each image, up to 20: a JSON list of objects, each with a `name` and the options of compression in which it is
   * different, such as `[{"name": "thumb", "max_width": 320}, {"name": "ebay", "for": "ebay"}]`.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  renditions?: unknown;

  /** Widths in which each image is made as well, such as `400,800,1600`: short for renditions of these names. */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  sizes?: unknown;

  /** `true`: every server is asked anew, and no earlier result is reused. */
  @OneOf(YES_OR_NO, 'false')
  fresh?: (typeof YES_OR_NO)[number];

  /**
   * Days for which the sources of the images are kept after they were fetched, `0` to `30`, so that an image is made anew from them;
   * `KEEP_SOURCES_DAYS` unless given.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, pattern: '^$|^([0-9]|[12][0-9]|30)$', example: '' })
  keep_sources?: unknown;

  /** What to do where rows can't be taken: refuse the file, or leave them out and list them in `errors.csv`. */
  @OneOf(ON_INVALID_CHOICES, 'refuse')
  on_invalid?: (typeof ON_INVALID_CHOICES)[number];

  /** As the query parameter `dry_run`. */
  @OneOf(YES_OR_NO, 'false')
  dry_run?: (typeof YES_OR_NO)[number];
}

/** A multipart form with one file part, whatever its name. */
export class UploadForm extends IntersectionType(
  FilePart,
  PresetField,
  CompressionForm,
  ColumnFields,
  MendingFields,
  UploadFields,
) {}

export class UploadQuery extends WebhookFields {
  /** `true`: say what is in the file; store nothing, fetch nothing. With `Accept: text/csv`: the cleaned file, or with `patches` the patched one. */
  @OneOf(YES_OR_NO, 'false')
  dry_run?: (typeof YES_OR_NO)[number];
}

/** Exactly what the original system answered. */
export class UploadResponse {
  @ApiProperty({ format: 'uuid' })
  request_id!: string;
}

export class CsvFaultResponse {
  /** Line of the file on which the row begins, or row of the sheet; the first is 1. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  /** As it is named in the file; null where it is about the whole row or file. */
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  /** Where to look in a workbook; not there for other files. */
  @ApiPropertyOptional({ type: String, example: 'Products!C7' })
  cell?: string;
  /** The text at fault, cut to 80 characters. */
  value!: string;
  @ApiProperty({ enum: [...new Set([...codesAt('file'), ...codesAt('row')])], enumName: 'TableFaultCode' })
  code!: TableFaultCode;
  /** What to do about it. */
  hint!: string;
}

export class CsvRepairResponse {
  @ApiProperty({ type: 'integer' })
  line!: number;
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  @ApiProperty({ enum: Object.keys(TABLE_REPAIRS), enumName: 'TableRepairCode' })
  code!: TableRepairCode;
}

export class HostCountResponse {
  @ApiProperty({ example: 'images.example.com' })
  host!: string;
  @ApiProperty({ type: 'integer' })
  images!: number;
}

export class HostListing {
  @ApiProperty({ type: 'integer' })
  total!: number;
  /** Those with the most images, up to a hundred. */
  items!: HostCountResponse[];
}

export class RepairListing {
  @ApiProperty({ type: 'integer' })
  total!: number;
  /** The first hundred. */
  items!: CsvRepairResponse[];
}

export class FaultListing {
  @ApiProperty({ type: 'integer' })
  total!: number;
  /** The first hundred, or as many as `faults_limit` says. */
  items!: CsvFaultResponse[];
}

export class CsvColumnResponse {
  name!: string;
  @ApiProperty({ enum: COLUMN_ROLES })
  role!: ColumnRole;
}

export class SampledColumnResponse extends CsvColumnResponse {
  /** Up to three different texts from the first rows, each cut to 80 characters. */
  @ApiProperty({ type: [String] })
  samples!: string[];
}

export class ListedRowResponse {
  /** Line of the file on which the row begins. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  /** Its cells, in the order of `columns`; those that a short row lacks are not there. */
  @ApiProperty({ type: [String] })
  cells!: string[];
}

export class LayoutResponse {
  columns!: CsvColumnResponse[];
  @ApiProperty({ enum: DELIMITERS })
  delimiter!: CsvLayout['delimiter'];
  @ApiProperty({ enum: ENCODINGS })
  encoding!: CsvLayout['encoding'];
  /** The sheet that was read, of a workbook, whose delimiter and encoding are those of what is given back as CSV; null for other files. */
  @ApiProperty({ nullable: true, type: String })
  sheet!: string | null;
}

/** What an upload of the file would do. */
export class DryRunResponse {
  /** Rows that can be taken. */
  @ApiProperty({ type: 'integer' })
  rows!: number;
  /** Of these, rows without a URL: they are kept, and their output is empty. */
  @ApiProperty({ type: 'integer' })
  rows_without_images!: number;
  /** The lines on which these rows begin (of a workbook, its rows): the first hundred. `lines` gives their cells. */
  @ApiProperty({ type: 'integer', isArray: true, example: [4, 9] })
  lines_without_images!: number[];
  /** URLs in them. */
  @ApiProperty({ type: 'integer' })
  images!: number;
  /** Different ones among them. */
  @ApiProperty({ type: 'integer' })
  distinct_urls!: number;
  /** Up to twenty of them, drawn evenly: pictures of this file to look at with `POST /preview`. */
  sample_urls!: string[];
  /** What the first of its results will be called, up to twenty, where `image_name` is given; `{hash}` is known with the result. */
  image_names!: string[];
  hosts!: HostListing;
  /** What was read otherwise than it stands. */
  repairs!: RepairListing;
  /** What can't be taken. */
  faults!: FaultListing;
  /** Addresses that are taken although their images will fail (they are refused by their spelling), or are odd. */
  warnings!: WarningListing;
  /** What kind of file it is; null where no table was found in it. */
  @ApiProperty({ nullable: true, type: FileProfileResponse })
  profile!: FileProfileResponse | null;
  /** How the file is written; null where no table was found in it. */
  @ApiProperty({ nullable: true, type: LayoutResponse })
  layout!: LayoutResponse | null;
  /** The columns that the file itself has, also where none of them could be taken for the images. */
  columns!: SampledColumnResponse[];
  /** The rows that `lines` asks for, up to two million characters of them. */
  lines!: ListedRowResponse[];
}
