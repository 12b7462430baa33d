import { ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { AppError } from '../../errors/app-error.js';
import { PROFILES, readNameTemplate, type WantedColumns } from '../../tables/tables.js';
import { EmptyIsUnset } from '../form-fields.js';

const PROFILE_IDS = PROFILES.map(({ id }) => id);
const MAX_NAMES = 1_000;
const MAX_NAME_LENGTH = 1_000;
/** Of all names together: each line that may be the header is compared with them. */
const MAX_LENGTH = 65_536;
const MAX_SHEET_LENGTH = 255;

/** What an upload may say about the sheet and the columns of its file, where they leave a doubt. */
export class ColumnFields {
  /** Of a workbook: the name of the sheet to be read, or its number. Unless given, the first one with a header that is known. */
  @ApiPropertyOptional({ type: String, example: '' })
  @EmptyIsUnset()
  @IsOptional()
  @IsString({ message: 'sheet must be the name or number of one sheet, and given once only' })
  @MaxLength(MAX_SHEET_LENGTH, { message: `sheet may have ${MAX_SHEET_LENGTH} characters` })
  sheet?: string;

  /**
   * The columns of image URLs, in place of those that are recognised: one name, several separated by commas, a JSON array of
   * names, or the field several times.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  image_columns?: unknown;

  /** The column of product names, in place of the one that is recognised. */
  @ApiPropertyOptional({ type: String, example: '' })
  @EmptyIsUnset()
  @IsOptional()
  @IsString({ message: 'name_column must be the name of one column, and given once only' })
  @MaxLength(MAX_NAME_LENGTH, { message: `name_column may have ${MAX_NAME_LENGTH} characters` })
  name_column?: string;

  /**
   * The kind of file, an `id` of `GET /profiles`; `standard` for no file of a shop or marketplace. Recognised by the header unless
   * given.
   */
  // Empty first: /docs sends the first word along.
  @ApiPropertyOptional({ enum: ['', ...PROFILE_IDS] })
  @EmptyIsUnset()
  @IsOptional()
  @IsIn(PROFILE_IDS, { message: 'profile must be an id of GET /profiles, and given once only' })
  profile?: string;

  /**
   * What results are called in their addresses, such as `{sku}-{n}`: `{sku}`, `{product}`, `{serial}`, `{column:<name>}` (a cell of the row),
   * `{original}` (the name in the image's own address), `{n}` (the how-manieth image of the product) and `{hash}` (of the result). Made of small letters,
   * digits, `-` and `_`, 80 at most. `image` unless given.
   */
  @ApiPropertyOptional({ type: String, maxLength: 200, example: '' })
  @EmptyIsUnset()
  @IsOptional()
  @IsString({ message: 'image_name must be text, and given once only' })
  image_name?: string;
}

/**
 * The columns, and the sheet, that a form names.
 * @throws AppError `INVALID_PARAMETER`, `IMAGE_NAME_INVALID`
 */
export function wantedColumns(form: ColumnFields | undefined): WantedColumns {
  const { image_columns: given = [], name_column: name, profile, sheet, image_name: imageName } = form ?? {};
  if (imageName) readNameTemplate(imageName);
  const images = (Array.isArray(given) ? given : [given]).flatMap(namesIn);
  // A text with commas may be a list of names.
  const count = images.reduce((sum, text) => sum + text.split(',').length, 0);
  const length = images.reduce((sum, text) => sum + text.length, 0);
  if (count > MAX_NAMES || length > MAX_LENGTH || images.some((text) => text.length > MAX_NAME_LENGTH))
    throw badColumns();
  return {
    ...(images.length > 0 ? { images } : {}),
    ...(name ? { name } : {}),
    ...(profile ? { profile } : {}),
    ...(imageName ? { imageName } : {}),
    ...(sheet ? { sheet } : {}),
  };
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'string') throw badColumns();
  if (!value.trimStart().startsWith('[')) return value.trim() === '' ? [] : [value];
  try {
    const names: unknown = JSON.parse(value);
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names as string[];
  } catch {
    // No JSON: it is refused below.
  }
  throw badColumns();
}

function badColumns(): AppError {
  return new AppError(
    'INVALID_PARAMETER',
    `image_columns must be names of columns, or a JSON array of up to ${MAX_NAMES} names`,
  );
}
