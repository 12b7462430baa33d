import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { OutboundError } from '../../errors/app-error.js';
import { bounded } from './response-body.js';

/** Content codings in use (RFC 9110, section 8.4.1). Servers also send words that are none: `none`, `utf-8`, `binary`. */
const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'compress', 'x-compress']);

/** Makes what undoes a coding of which these are the first bytes. */
const DECODERS = new Map<string, (start: Buffer) => Transform>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', (start) => (isZlib(start) ? createInflate() : createInflateRaw())],
  ['br', () => createBrotliDecompress()],
]);

/** Codings undone one after the other; a file compressed more often is made to waste time. */
const MAX_CODINGS = 2;

/** First bytes of an image, in Latin-1: JPEG, PNG, GIF, WebP, TIFF, BMP, and AVIF or HEIC. */
const IMAGE_START = /^(\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*|BM|....ftyp)/s;

/** Bytes that tell an image, or the kind of a deflate stream. */
const START_BYTES = 12;

/** Errors of zlib for a stream that ends too early. */
const CUT = new Set(['Z_BUF_ERROR', 'ERR_STREAM_PREMATURE_CLOSE']);

/** How much may be undone. */
export interface CodingBounds {
  /** What comes out of each coding: 3 kB of `br` hold 4 GB of `gzip` of which nothing comes out. */
  maxBytes: number;
  /** Ends the decoders. */
  signal: AbortSignal;
}

/** The codings named in a `Content-Encoding` header, in the order in which the server applied them. */
export function contentCodings(header: string | undefined): string[] {
  const words = (header ?? '').toLowerCase().split(',');
  return words.map((word) => word.trim()).filter((word) => CODINGS.has(word));
}

/**
 * The chunks of a body with its codings undone; the chunks as they are where they begin like an image, because servers
 * name codings that they did not apply.
 * @throws OutboundError `CONTENT_ENCODING_REFUSED` for codings that we can't undo, `RESPONSE_INVALID` for a broken stream,
 * `DOWNLOAD_TOO_LARGE`, `CONNECTION_FAILED` (retryable) for a cut one
 */
export async function* withoutCodings(
  chunks: AsyncIterable<Buffer>,
  codings: string[],
  bounds: CodingBounds,
): AsyncGenerator<Buffer> {
  if (codings.length === 0) return yield* chunks;
  const { start, all } = await peek(chunks);
  if (IMAGE_START.test(start.toString('latin1'))) return yield* all;
  if (codings.length > MAX_CODINGS || !codings.every((coding) => DECODERS.has(coding)))
    throw refused(codings.join(', '));
  yield* codings.reduceRight((coded, coding) => undone(coded, coding, bounds), all);
}

/** The chunks with one coding undone. Leaving early ends the decoder. */
async function* undone(
  chunks: AsyncIterable<Buffer>,
  coding: string,
  { maxBytes, signal }: CodingBounds,
): AsyncGenerator<Buffer> {
  const { start, all } = await peek(chunks);
  const decoder = DECODERS.get(coding)!(start);
  pipeline(all, decoder, { signal }).catch(() => undefined); // the decoder fails as well
  try {
    yield* bounded(decoder as AsyncIterable<Buffer>, maxBytes);
  } catch (error) {
    throw error instanceof OutboundError ? error : decodingError(error, coding);
  }
}

/** `deflate` means a zlib stream (RFC 1950), but some servers send the bare deflate data inside. */
function isZlib(start: Buffer): boolean {
  return start.length >= 2 && (start[0] & 0x0f) === 8 && start.readUInt16BE(0) % 31 === 0;
}

/** The first bytes of a stream, and all of it. */
async function peek(chunks: AsyncIterable<Buffer>): Promise<{ start: Buffer; all: AsyncGenerator<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let length = 0;
  while (length < START_BYTES) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  return { start: Buffer.concat(first).subarray(0, START_BYTES), all: rest(first, iterator) };
}

async function* rest(first: Buffer[], iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* first;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

function refused(codings: string): OutboundError {
  const message = `The server compressed the file with ${codings}, which is not supported.`;
  return new OutboundError('CONTENT_ENCODING_REFUSED', message);
}

function decodingError(cause: unknown, coding: string): OutboundError {
  if (CUT.has((cause as { code?: string }).code ?? ''))
    return new OutboundError('CONNECTION_FAILED', 'The file ended too early.', { cause });
  const message = `The server says that the file is compressed (${coding}), but it can't be unpacked.`;
  return new OutboundError('RESPONSE_INVALID', message, { cause });
}
