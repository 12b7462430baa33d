import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Allow, IsIn, IsOptional } from 'class-validator';
import { CompressionForm } from './compression-fields.dto.js';
import { WebhookFields } from './webhook-fields.js';

/** A form sends a field that was left empty as empty text. */
const EmptyIsUnset = () => Transform(({ value }) => (value === '' ? undefined : value));

/** A multipart form with one file part, whatever its name. */
export class UploadForm extends IntersectionType(CompressionForm, WebhookFields) {
  /** The CSV file: `S. No., Product Name, Input Image Urls`. */
  @Allow() // a text of this name is no file, which is said then
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;

  /** What to do where rows can't be taken: refuse the file, or leave them out and list them in `errors.csv`. */
  @ApiPropertyOptional({ enum: ['refuse', 'skip'], default: 'refuse' })
  @EmptyIsUnset()
  @IsOptional()
  @IsIn(['refuse', 'skip'])
  on_invalid?: 'refuse' | 'skip';

  /** As the query parameter `dry_run`. */
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  @EmptyIsUnset()
  @IsOptional()
  @IsIn(['true', 'false'])
  dry_run?: 'true' | 'false';
}

export class UploadQuery extends WebhookFields {
  /** `true`: say what is in the file; store nothing, fetch nothing. With `Accept: text/csv`: the cleaned file. */
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  @EmptyIsUnset()
  @IsOptional()
  @IsIn(['true', 'false'])
  dry_run?: 'true' | 'false';
}

/** Exactly what the original system answered. */
export class UploadResponse {
  @ApiProperty({ format: 'uuid' })
  request_id!: string;
}

export class CsvFaultResponse {
  /** Line of the file on which the row begins; the first is 1. */
  line!: number;
  /** As it is named in the file; null where it is about the whole row or file. */
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  /** The text at fault, cut to 80 characters. */
  value!: string;
  @ApiProperty({ example: 'URL_INVALID' })
  code!: string;
  /** What to do about it. */
  hint!: string;
}

export class CsvRepairResponse {
  line!: number;
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  @ApiProperty({ example: 'URLS_OVERFLOWED' })
  code!: string;
}

export class HostCountResponse {
  @ApiProperty({ example: 'images.example.com' })
  host!: string;
  images!: number;
}

export class HostListing {
  total!: number;
  /** Those with the most images, up to a hundred. */
  items!: HostCountResponse[];
}

export class RepairListing {
  total!: number;
  /** The first hundred. */
  items!: CsvRepairResponse[];
}

export class FaultListing {
  total!: number;
  /** The first hundred. */
  items!: CsvFaultResponse[];
}

export class CsvColumnResponse {
  name!: string;
  @ApiProperty({ enum: ['serial', 'product', 'input', 'output', 'extra'] })
  role!: string;
}

export class LayoutResponse {
  columns!: CsvColumnResponse[];
  @ApiProperty({ enum: [',', ';', '\t'] })
  delimiter!: string;
  @ApiProperty({ enum: ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] })
  encoding!: string;
}

/** What an upload of the file would do. */
export class DryRunResponse {
  /** Rows that can be taken. */
  rows!: number;
  /** URLs in them. */
  images!: number;
  /** Different ones among them. */
  distinct_urls!: number;
  hosts!: HostListing;
  /** What was read otherwise than it stands. */
  repairs!: RepairListing;
  /** What can't be taken. */
  faults!: FaultListing;
  /** How the file is written; null where it is no CSV. */
  @ApiProperty({ nullable: true, type: LayoutResponse })
  layout!: LayoutResponse | null;
}
