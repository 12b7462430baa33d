import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { failureOf } from '../../../test/helpers/outbound/clients.js';
import { withoutCodings } from './content-coding.js';

const MAX_BYTES = 1024 * 1024;
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
/** Stored blocks of deflate without content: nothing comes out of them. */
const NOTHING = Buffer.alloc(50_000, Buffer.from([0, 0, 0, 0xff, 0xff]));
const text = Buffer.from('what was compressed '.repeat(1000));

async function* pieces(...chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

async function undone(
  chunks: AsyncIterable<Buffer>,
  codings: string[],
  signal = new AbortController().signal,
) {
  const found: Buffer[] = [];
  for await (const chunk of withoutCodings(chunks, codings, { maxBytes: MAX_BYTES, signal }))
    found.push(chunk);
  return Buffer.concat(found);
}

it.each([
  ['deflate, gzip', gzipSync(deflateSync(text))],
  ['deflate, gzip', gzipSync(deflateRawSync(text))],
  ['deflate, br', brotliCompressSync(deflateSync(text))],
  ['gzip, deflate', deflateRawSync(gzipSync(text))],
])('undoes %s', async (codings, sent) => {
  expect((await undone(pieces(sent), codings.split(', '))).equals(text)).toBe(true);
});

it('bounds what comes out of each coding, and not of the last alone', async () => {
  const gzip = Buffer.concat([GZIP_HEADER, ...Array<Buffer>(100).fill(NOTHING)]);
  const sent = brotliCompressSync(gzip, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

  const error = await failureOf(undone(pieces(sent), ['gzip', 'br']));

  expect(error).toMatchObject({ code: 'DOWNLOAD_TOO_LARGE' });
});

it.each([
  ['gzip', GZIP_HEADER, NOTHING],
  ['deflate', Buffer.alloc(0), NOTHING],
])('ends with its signal where nothing comes out of %s', async (coding, header, chunk) => {
  const controller = new AbortController();
  let sent = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    yield header;
    for (; ; sent++) {
      if (sent === 20) controller.abort();
      yield chunk;
    }
  }

  await failureOf(undone(endless(), [coding], controller.signal));

  expect(sent).toBeLessThan(30);
});
