import type { ByteRange } from '../storage/file-storage.js';

/** One range of bytes: `0-499`, `500-`, `-500`. */
const ONE_RANGE = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i;

/**
 * The part of a file that a `Range` header asks for (RFC 9110, 14).
 * @returns null where the whole file is to be sent: without a header, for several ranges at once, or for what is none; `none`
 * where the file has no such part
 */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | 'none' | null {
  const [, first, last] = ONE_RANGE.exec(header ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? 'none' : { start: bytes - length, end: bytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (last !== '' && Number(last) < start) return null;
  return start >= bytes ? 'none' : { start, end };
}
