import { WorkbookError } from '../workbook-error.js';
import { readXml } from './xml-reader.js';

/** How a number is written: as days and times, with so many digits at least, or as it is stored. */
export type NumberFormat = 'date' | 'time' | 'date and time' | 'plain' | number;

/** Formats that every workbook has without naming them (ECMA-376, part 1, 18.8.30). */
const KNOWN: [first: number, last: number, format: NumberFormat][] = [
  [14, 17, 'date'],
  [18, 21, 'time'],
  [22, 22, 'date and time'],
  [27, 31, 'date'],
  [32, 35, 'time'],
  [36, 36, 'date'],
  [45, 47, 'time'],
  [50, 58, 'date'],
];

const SECONDS_A_DAY = 86_400;
/** Excel has a 29 February 1900, as Lotus 1-2-3 had. */
const FIRST_RIGHT_DAY = 60;
const EPOCH_1900 = Date.UTC(1899, 11, 31);
const EPOCH_1904 = Date.UTC(1904, 0, 1);
/** 31 December 9999, the last day that Excel has. */
const LAST_DAY = 2_958_465;
/** Its number where days are counted from 1904. */
const LAST_DAY_1904 = LAST_DAY - 1_462;
/** Excel has 65,490 styles. */
const MAX_FORMATS = 65_536;
/** Digits that Excel keeps of a number. */
const DIGITS = 15;

/** The formats of the styles of a workbook, by the number of the style. @throws WorkbookError */
export async function readNumberFormats(
  content: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<NumberFormat[]> {
  const own = new Map<number, NumberFormat>();
  const formats: NumberFormat[] = [];
  let isOfCells = false;
  await readXml(
    content,
    {
      open(name, attributes) {
        if (name === 'cellXfs') isOfCells = true;
        else if (name === 'numFmt')
          own.set(Number(attributes.numFmtId), formatOf(attributes.formatCode ?? ''));
        else if (name === 'xf' && isOfCells) {
          const id = Number(attributes.numFmtId ?? 0);
          formats.push(own.get(id) ?? knownFormat(id));
        }
        if (Math.max(own.size, formats.length) > MAX_FORMATS) throw new WorkbookError('WORKBOOK_TOO_LARGE');
      },
      close(name) {
        if (name === 'cellXfs') isOfCells = false;
      },
    },
    signal,
  );
  return formats;
}

/**
 * A number as text: a date as `2026-01-31`, whatever the country of the workbook; leading zeros where its cell shows them; otherwise
 * as it is stored, to the digits that Excel has.
 */
export function numberText(stored: string, format: NumberFormat, is1904: boolean): string {
  const text = stored.trim();
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) return text;
  if (typeof format === 'number') return withZeros(plainText(text, value), format);
  if (format === 'plain') return plainText(text, value);
  return dateText(value, format, is1904) ?? plainText(text, value);
}

function plainText(text: string, value: number): string {
  return /^-?\d{1,20}$/.test(text) ? text : String(Number(value.toPrecision(DIGITS)));
}

function withZeros(text: string, digits: number): string {
  const [, sign, rest] = /^(-?)(.*)$/.exec(text)!;
  return /^\d+$/.test(rest) ? sign + rest.padStart(digits, '0') : text;
}

/** Null where the number is none that Excel shows as a date. */
function dateText(value: number, format: NumberFormat, is1904: boolean): string | null {
  const seconds = Math.round(value * SECONDS_A_DAY);
  const days = Math.floor(seconds / SECONDS_A_DAY);
  if (value < 0 || days > (is1904 ? LAST_DAY_1904 : LAST_DAY)) return null;
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => Math.floor(part));
  const asTime = (hours: number) => [hours, time[1], time[2]].map((part) => pad(part)).join(':');
  if (format === 'time') return asTime(time[0]);
  const shift = !is1904 && days > FIRST_RIGHT_DAY ? days - 1 : days;
  const date = new Date((is1904 ? EPOCH_1904 : EPOCH_1900) + shift * SECONDS_A_DAY * 1000);
  const day = date.toISOString().slice(0, 10);
  return format === 'date' ? day : `${day} ${asTime(time[0] % 24)}`;
}

function pad(part: number): string {
  return String(part).padStart(2, '0');
}

function knownFormat(id: number): NumberFormat {
  return KNOWN.find(([first, last]) => id >= first && id <= last)?.[2] ?? 'plain';
}

/** By the letters of its first part, that of positive numbers; texts in quotes and colours in brackets are none of it. */
function formatOf(code: string): NumberFormat {
  const bare = code
    .slice(0, 255)
    .replace(/"[^"]*"|\[(?!h+\]|m+\]|s+\])[^\]]*\]|[\\_*]./gi, '')
    .split(';')[0];
  if (/^0{2,}$/.test(bare)) return bare.length;
  if (/general/i.test(bare) || !/[ymdhs]/i.test(bare)) return 'plain';
  const hasTime = /[hs]/i.test(bare);
  if (!/[yd]/i.test(bare) && hasTime) return 'time';
  return hasTime ? 'date and time' : 'date';
}
