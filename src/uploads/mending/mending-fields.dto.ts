import { ApiPropertyOptional } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { AppError } from '../../errors/app-error.js';
import type { CellPatch } from '../../tables/tables.js';

const MAX_PATCHES = 10_000;
const MAX_LENGTH = 1_048_576;
const MAX_NAME_LENGTH = 1_000;

const MAX_LINES = 1_000;
const MAX_FAULTS = 1_000;
const USUAL_FAULTS = 100;

/** What an upload and its dry runs say while the faults of a file are mended. */
export class MendingFields {
  /**
   * Cells to be read otherwise than they stand in the file: a JSON list of up to 10,000 objects with `line` (on which the row
   * begins; of a workbook, its row), `column` (its name, or its number from 1) and `value` (the whole cell); `null` for the value
   * leaves the row out. The patched file is what is checked and kept; lines stay those of your file. A file that is given back is without
   * the rows that were left out, in a workbook they are empty.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  patches?: unknown;

  /**
   * In a dry run: rows to be given with their cells, as the lines that they begin on, separated by commas, up to 1,000; `faulty` for the
   * rows of the faults that are listed.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' })
  lines?: unknown;

  /** In a dry run: how many faults are listed, up to 1,000. */
  @Allow()
  @ApiPropertyOptional({ type: String, default: String(USUAL_FAULTS) })
  faults_limit?: unknown;
}

/** What a dry run lists. */
export interface ListedParts {
  /** Most faults that are listed. */
  faultsLimit: number;
  /** The rows that are given with their cells, by their lines; `faulty`: those of the faults. */
  lines: Set<number> | 'faulty';
}

/**
 * The field `patches` of an upload; none where it is not given, or empty.
 * @throws AppError `INVALID_PARAMETER`
 */
export function readPatches(field: unknown): CellPatch[] {
  if (field === undefined || field === '') return [];
  if (typeof field !== 'string' || field.length > MAX_LENGTH)
    throw invalid('patches', `patches must be given once, with at most ${MAX_LENGTH} characters`);
  const patches = parsed(field);
  if (!Array.isArray(patches) || patches.length > MAX_PATCHES)
    throw invalid('patches', `patches must be a JSON list of at most ${MAX_PATCHES} objects`);
  return patches.map(readPatch);
}

/**
 * What a dry run is to list.
 * @throws AppError `INVALID_PARAMETER`
 */
export function readListedParts({ lines = '', faults_limit: limit = '' }: MendingFields): ListedParts {
  const faultsLimit = limit === '' ? USUAL_FAULTS : wholeNumber(limit);
  if (faultsLimit === null || faultsLimit > MAX_FAULTS)
    throw invalid('faults_limit', `faults_limit must be a number from 0 to ${MAX_FAULTS}`);
  return { faultsLimit, lines: lines === 'faulty' ? lines : readLines(lines) };
}

function readLines(field: unknown): Set<number> {
  const parts = typeof field === 'string' && field !== '' ? field.split(',', MAX_LINES + 1) : [];
  const lines = parts.map((part) => wholeNumber(part.trim()));
  if (typeof field !== 'string' || lines.length > MAX_LINES || lines.includes(null))
    throw invalid('lines', `lines must be "faulty", or at most ${MAX_LINES} numbers separated by commas`);
  return new Set(lines as number[]);
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

function readPatch(patch: unknown, index: number): CellPatch {
  const name = `patches[${index}]`;
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw invalid(name, `${name} must be an object with line, column and value`);
  const { line, column = null, value, ...others } = patch as Partial<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(name, `${name} must have line, column and value alone`);
  if (!isCount(line)) throw invalid(name, `the line of ${name} must be a whole number from 1`);
  if (value === null) {
    if (column !== null) throw invalid(name, `${name} leaves a row out, and so must name no column`);
    return { line, column, value };
  }
  if (!isCount(column) && !(typeof column === 'string' && column.length <= MAX_NAME_LENGTH))
    throw invalid(name, `the column of ${name} must be its name, or its number from 1`);
  if (typeof value !== 'string' || /[\r\n\0]|\p{Surrogate}/u.test(value))
    throw invalid(name, `the value of ${name} must be text without line ends, or null`);
  return { line, column, value };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function invalid(field: string, message: string): AppError {
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', sentence, { details: [{ field, message }] });
}
