import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { OutboundCode } from '../errors/error-codes.js';
import { TABLE_WARNINGS, type TableWarningCode } from '../errors/table-codes.js';

/** Codes of images that fail by the spelling of their address. */
const REFUSALS: OutboundCode[] = ['ADDRESS_REFUSED', 'URL_INVALID'];

export class CsvWarningResponse {
  @ApiProperty({ type: 'integer' })
  line!: number;
  @ApiProperty({ nullable: true, type: String })
  column!: string | null;
  /** Where to look in a workbook; not there for other files. */
  @ApiPropertyOptional({ type: String, example: 'Products!C7' })
  cell?: string;
  /** The address, cut to 80 characters. */
  value!: string;
  /** The code that the image will fail with; `FRAGMENT_IGNORED` does not mean that it will. */
  @ApiProperty({ enum: [...REFUSALS, ...Object.keys(TABLE_WARNINGS)], enumName: 'TableWarningCode' })
  code!: OutboundCode | TableWarningCode;
  /** What is wrong with it. */
  hint!: string;
}

export class WarningListing {
  @ApiProperty({ type: 'integer' })
  total!: number;
  /** The first hundred; of a stored request the first twenty. */
  items!: CsvWarningResponse[];
}
