import { AppError } from '../../errors/app-error.js';
import type { WantedRendition } from '../../requests/renditions/renditions.js';
import { readJsonOptions } from '../bodies/json-options.js';

const MAX_RENDITIONS = 20;
const MAX_SIDE = 16_383;
/** More than that can't be renditions that are allowed, however their JSON is written. */
const MAX_LENGTH = 65_536;

/** Of a column, a folder and a rendition; `image` is the image itself. */
const NAME = /^(?!image$)[a-z0-9][a-z0-9_-]{0,39}$/;
const SIZES = /^[1-9]\d{0,4}(?:\s*,\s*[1-9]\d{0,4})*$/;

/**
 * The fields `renditions`, a JSON list of objects with a `name` and options, and `sizes`, a list of widths, such as `400,800,1600`.
 * In a body of JSON they may be lists themselves. Null where neither is given, or both are empty text.
 * @throws AppError `INVALID_PARAMETER`, `UNKNOWN_FIELD`
 */
export function readRenditionFields(renditions: unknown, sizes: unknown): WantedRendition[] | null {
  if (isUnsaid(renditions) && isUnsaid(sizes)) return null;
  const [given, widths] = [listed(renditions), readSizes(sizes)];
  if (given.length + widths.length > MAX_RENDITIONS)
    throw invalid('renditions', `there may be at most ${MAX_RENDITIONS} renditions and sizes of an image`);
  const wanted = [...given.map(readRendition), ...widths];
  const names = wanted.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid('renditions', `the rendition ${twice} is there twice`);
  return wanted;
}

const isUnsaid = (field: unknown): boolean => field === undefined || field === null || field === '';

function listed(field: unknown): unknown[] {
  if (isUnsaid(field)) return [];
  const list = typeof field === 'string' ? parsed(field) : field;
  if (Array.isArray(list)) return list;
  throw invalid(
    'renditions',
    'renditions must be a JSON list of objects, such as [{"name": "thumb", "max_width": 320}]',
  );
}

function parsed(text: string): unknown {
  if (text.length > MAX_LENGTH)
    throw invalid('renditions', `renditions must have at most ${MAX_LENGTH} characters`);
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readRendition(rendition: unknown): WantedRendition {
  if (typeof rendition !== 'object' || rendition === null || Array.isArray(rendition))
    throw invalid('renditions', 'each of renditions must be an object with a name');
  const { name, ...options } = rendition as Record<string, unknown>;
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalid(
      'renditions',
      'the name of a rendition must have 1 to 40 small letters, digits, - and _, begin with a letter or digit, and not be image',
    );
  return { name, fields: readJsonOptions(options), isSize: false };
}

function readSizes(field: unknown): WantedRendition[] {
  if (isUnsaid(field)) return [];
  const text = Array.isArray(field) ? field.join(',') : String(field as string | number);
  const widths = SIZES.test(text) ? text.split(',').map(Number) : [NaN];
  if (text.length > 200 || widths.some((width) => !(width <= MAX_SIDE)))
    throw invalid('sizes', `sizes must be widths from 1 to ${MAX_SIDE}, such as 400,800,1600`);
  return widths.map((width) => ({ name: String(width), fields: { max_width: width }, isSize: true }));
}

function invalid(field: string, message: string): AppError {
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', sentence, { details: [{ field, message }] });
}
