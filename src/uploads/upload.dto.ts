import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { codesAt, type OutboundCode } from '../errors/error-codes.js';
import { TABLE_REPAIRS, type TableFaultCode, type TableRepairCode } from '../errors/table-codes.js';
import { wordsOf } from '../http/description/words.js';
import type { ColumnRole, CsvLayout } from '../tables/tables.js';
import { CompressionForm } from './compression-fields.dto.js';
import { OneOf } from './form-fields.js';
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

/** Codes of images that fail by the spelling of their address. */
const REFUSALS: OutboundCode[] = ['ADDRESS_REFUSED', 'URL_INVALID'];

class FilePart {
  /** The CSV file: `S. No., Product Name, Input Image Urls`. */
  @Allow() // text in a field of this name is no file; the upload then says that the file is missing
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}

class UploadFields extends WebhookFields {
  /** What to do where rows can't be taken: refuse the file, or leave them out and list them in `errors.csv`. */
  @OneOf(ON_INVALID_CHOICES, 'refuse')
  on_invalid?: (typeof ON_INVALID_CHOICES)[number];

  /** As the query parameter `dry_run`. */
  @OneOf(YES_OR_NO, 'false')
  dry_run?: (typeof YES_OR_NO)[number];
}

/** A multipart form with one file part, whatever its name. */
export class UploadForm extends IntersectionType(FilePart, CompressionForm, UploadFields) {}

export class UploadQuery extends WebhookFields {
  /** `true`: say what is in the file; store nothing, fetch nothing. With `Accept: text/csv`: the cleaned file. */
  @OneOf(YES_OR_NO, 'false')
  dry_run?: (typeof YES_OR_NO)[number];
}

/** Exactly what the original system answered. */
export class UploadResponse {
  @ApiProperty({ format: 'uuid' })
  request_id!: string;
}

export class CsvFaultResponse {
  /** Line of the file on which the row begins; the first is 1. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  /** As it is named in the file; null where it is about the whole row or file. */
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  /** The text at fault, cut to 80 characters. */
  value!: string;
  @ApiProperty({ enum: [...new Set([...codesAt('file'), ...codesAt('row')])], enumName: 'TableFaultCode' })
  code!: TableFaultCode;
  /** What to do about it. */
  hint!: string;
}

export class CsvWarningResponse {
  @ApiProperty({ type: 'integer' })
  line!: number;
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  /** The address, cut to 80 characters. */
  value!: string;
  /** The code that the image will fail with. */
  @ApiProperty({ enum: REFUSALS, enumName: 'RefusalCode' })
  code!: OutboundCode;
  /** What is wrong with it. */
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
  /** The first hundred. */
  items!: CsvFaultResponse[];
}

export class WarningListing {
  @ApiProperty({ type: 'integer' })
  total!: number;
  /** The first hundred. */
  items!: CsvWarningResponse[];
}

export class CsvColumnResponse {
  name!: string;
  @ApiProperty({ enum: COLUMN_ROLES })
  role!: ColumnRole;
}

export class LayoutResponse {
  columns!: CsvColumnResponse[];
  @ApiProperty({ enum: DELIMITERS })
  delimiter!: CsvLayout['delimiter'];
  @ApiProperty({ enum: ENCODINGS })
  encoding!: CsvLayout['encoding'];
}

/** What an upload of the file would do. */
export class DryRunResponse {
  /** Rows that can be taken. */
  @ApiProperty({ type: 'integer' })
  rows!: number;
  /** URLs in them. */
  @ApiProperty({ type: 'integer' })
  images!: number;
  /** Different ones among them. */
  @ApiProperty({ type: 'integer' })
  distinct_urls!: number;
  hosts!: HostListing;
  /** What was read otherwise than it stands. */
  repairs!: RepairListing;
  /** What can't be taken. */
  faults!: FaultListing;
  /** Addresses that are taken although their images will fail: they are refused by their spelling. */
  warnings!: WarningListing;
  /** How the file is written; null where it is no CSV. */
  @ApiProperty({ nullable: true, type: LayoutResponse })
  layout!: LayoutResponse | null;
}
