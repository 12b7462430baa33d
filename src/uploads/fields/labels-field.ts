import { AppError } from '../../errors/app-error.js';

const MAX_LABELS = 16;
const MAX_NAME_LENGTH = 64;
const MAX_VALUE_LENGTH = 255;

/** More than that can't be labels that are allowed, however their JSON is written. */
const MAX_LENGTH = 65_536;

/** Text without control characters. */
const TEXT = /^\P{Cc}*$/u;

/**
 * The field `labels` of an upload: a JSON object of texts, the caller's own. Null where it is not given, or empty.
 * @throws AppError `INVALID_PARAMETER`
 */
export function readLabels(field: unknown): Record<string, string> | null {
  if (field === undefined || field === '') return null;
  if (typeof field !== 'string' || field.length > MAX_LENGTH)
    throw invalid(`labels must be given once, with at most ${MAX_LENGTH} characters`);
  const labels = Object.entries(parsed(field));
  if (labels.length > MAX_LABELS) throw invalid(`labels must have at most ${MAX_LABELS} pairs`);
  for (const [name, value] of labels) {
    if (name === '' || [...name].length > MAX_NAME_LENGTH || !TEXT.test(name))
      throw invalid(`the name of a label must be text of 1 to ${MAX_NAME_LENGTH} characters`);
    if (typeof value !== 'string' || [...value].length > MAX_VALUE_LENGTH || !TEXT.test(value))
      throw invalid(`the value of each label must be text of at most ${MAX_VALUE_LENGTH} characters`);
  }
  return labels.length === 0 ? null : (Object.fromEntries(labels) as Record<string, string>);
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // as below
  }
  throw invalid('labels must be a JSON object of texts, such as {"order": "2026-114"}');
}

function invalid(message: string): AppError {
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', sentence, { details: [{ field: 'labels', message }] });
}
