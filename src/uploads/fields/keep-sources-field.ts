import { AppError } from '../../errors/app-error.js';
import type { TokenBounds } from '../../http/guards/principal.js';

const MAX_DAYS = 30;

/**
 * The field `keep_sources` of an upload: for how many days the sources of its images are kept. Undefined where it is not given, or
 * empty.
 * @param token with which the upload comes, if so: it may not ask for that
 * @throws AppError `INVALID_PARAMETER`, `TOKEN_NOT_ALLOWED`
 */
export function readKeepSources(field: unknown, token: TokenBounds | null): number | undefined {
  if (field === undefined || field === null || field === '') return undefined;
  const days = typeof field === 'string' && /^\d{1,2}$/.test(field) ? Number(field) : field;
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 0 || days > MAX_DAYS) {
    const message = `keep_sources must be a whole number of days from 0 to ${MAX_DAYS}`;
    throw new AppError('INVALID_PARAMETER', `${message}.`, { details: [{ field: 'keep_sources', message }] });
  }
  if (token) throw new AppError('TOKEN_NOT_ALLOWED', 'Uploads with a token keep no sources.');
  return days;
}
