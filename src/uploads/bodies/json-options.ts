import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { type PictureFields, withChannel } from '../../requests/channels/channel-fields.js';
import { AppError } from '../../errors/app-error.js';
import { CompressionForm } from '../compression-fields.dto.js';

/** The names of the options of compression. */
export const COMPRESSION_FIELDS = [
  ...['quality', 'target', 'format', 'max_width', 'max_height', 'effort', 'metadata', 'measure'],
  ...['for', 'canvas', 'background', 'trim', 'fill', 'enlarge'],
] as (keyof PictureFields)[];

/**
 * The options of compression in a body of JSON: the fields of the form, with numbers as numbers or as text.
 * @throws AppError `INVALID_PARAMETER`
 */
export function readJsonOptions(options: unknown): PictureFields {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new AppError('INVALID_PARAMETER', 'options must be an object.');
  const known = COMPRESSION_FIELDS as string[];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new AppError('UNKNOWN_FIELD', `There is no option "${unknown}"; there are ${known.join(', ')}.`, {
      details: [{ field: `options.${unknown}`, message: 'there is no such field' }],
    });
  // A form has text only.
  const asForm = Object.entries(options).map(([name, value]: [string, unknown]) => {
    return [name, typeof value === 'number' || typeof value === 'boolean' ? String(value) : value];
  });
  const form = plainToInstance(CompressionForm, Object.fromEntries(asForm));
  const faults = validateSync(form).map(({ property, constraints = {} }) => ({
    field: `options.${property}`,
    message: Object.values(constraints).at(-1) ?? `${property} is not valid`,
  }));
  if (faults.length > 0)
    throw new AppError('INVALID_PARAMETER', `${faults[0].message}.`, { details: faults });
  const given = COMPRESSION_FIELDS.filter((name) => form[name] !== undefined);
  const fields = Object.fromEntries(given.map((name) => [name, form[name]])) as PictureFields;
  withChannel(fields);
  return fields;
}
