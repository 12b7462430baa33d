import { promisify } from 'node:util';
import { inflate } from 'node:zlib';

const inflateAsync = promisify(inflate);

/** DEFLATE makes one bit of 258 equal bytes at best: RFC 1951, 3.2.5. */
const MAX_RATIO = 1032;

/**
 * Whether data that was packed with zlib unpacks to more than `limit` bytes. Unpacks no more than that, on another thread,
 * and nothing where the packed size tells. Data that is damaged counts with what it unpacks to before that.
 */
export async function unpacksToMoreThan(limit: number, packed: Buffer): Promise<boolean> {
  if (packed.length * MAX_RATIO <= limit) return false;
  try {
    await inflateAsync(packed, { maxOutputLength: limit });
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  }
}
