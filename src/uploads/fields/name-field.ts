import { AppError } from '../../errors/app-error.js';

/**
 * The caller's own name for a request in a body of JSON, as the field of a form. Null where it is not given, or empty.
 * @throws AppError `INVALID_PARAMETER`
 */
export function readName(name: unknown): string | null {
  const text = name ?? '';
  if (typeof text !== 'string' || !/^\P{Cc}{0,200}$/u.test(text.trim()))
    throw new AppError('INVALID_PARAMETER', 'name must be text of at most 200 characters.');
  return text.trim() || null;
}
