import { isISO8601, ValidateBy } from 'class-validator';

/**
 * A time of ISO 8601 that `Date.parse` can read, with or without a zone, or a day. The standard has more forms, which it can't: weeks, days
 * of a year, decimal commas, the hour 24.
 */
export const IsTime = (message: string): PropertyDecorator =>
  ValidateBy({ name: 'isTime', validator: { validate: isTime } }, { message });

function isTime(value: unknown): boolean {
  return typeof value === 'string' && isISO8601(value, { strict: true }) && !isNaN(Date.parse(value));
}

/**
 * A list of 1 to `most` different texts, each of which `isOne`. The decorators of class-validator run all, whichever of them fails, and
 * compare each text with each other: 17,000 of them held everybody up for half a second.
 */
export const IsListOf = (
  isOne: (text: string) => boolean,
  most: number,
  message: string,
): PropertyDecorator => {
  const validate = (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= most &&
    value.every((text) => typeof text === 'string' && isOne(text)) &&
    new Set(value).size === value.length;
  return ValidateBy({ name: 'isListOf', validator: { validate } }, { message });
};
