import { applyDecorators } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import { IsInt, isIP, Max, Min, ValidateBy } from 'class-validator';

/** `a, b` as `['a', 'b']`; empty parts are left out. */
export const commaSeparated = Transform(({ value }) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : value,
);

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  const message = `must be a whole number from ${min} to ${max}`;
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** An absolute http or https URL without user, query and fragment. */
export const httpUrl = ValidateBy(
  { name: 'httpUrl', validator: { validate: isHttpUrl } },
  { message: 'must be an http or https address' },
);

/** Origins of pages (`https://shop.example`, no path), or `*` for all. */
export const origins = ValidateBy(
  { name: 'origins', validator: { validate: (value: string[]) => value.every(isOrigin) } },
  { message: 'must be *, or a comma-separated list of origins such as https://shop.example' },
);

/** One number of proxies, or a list of their addresses, CIDR blocks, `loopback`, `linklocal` and `uniquelocal`. */
export const proxies = ValidateBy(
  { name: 'proxies', validator: { validate: (value: string[]) => isCount(value) || value.every(isProxy) } },
  { message: 'must be a number of proxies, or a comma-separated list of addresses or CIDR blocks' },
);

/** As a browser writes it in the `Origin` header: nothing else would ever be equal to one. */
function isOrigin(text: string): boolean {
  if (text === '*') return true;
  return isHttpUrl(text) && new URL(text).origin === text;
}

function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\/[^/?#\s@]+(\/[^?#\s]*)?$/.test(text)) return false;
  try {
    return Boolean(new URL(text));
  } catch {
    return false;
  }
}

function isCount([first, ...others]: string[]): boolean {
  return others.length === 0 && /^\d{1,2}$/.test(first ?? '');
}

function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address, bits] = text.split(/\/(.*)/s);
  if (!isIP(address)) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (isIP(address, 6) ? 128 : 32));
}
