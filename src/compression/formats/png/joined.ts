import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { CHUNKS_A_TURN, contentOf, pngChunks, SIGNATURE_BYTES } from './chunks.js';

/** Of pixels: libpng refuses chunks of more than 8 MB that are longer than the picture unpacked. */
const JOINED_BYTES = 1024 * 1024;

/**
 * The picture with its packed pixels in chunks of a megabyte or so: whoever walks through all chunks at once takes as long as
 * there are many, and 199,000 took 90 ms each time. Their checksums become right: where pixels were damaged, the checksum of
 * the packed pixels, which stays, tells.
 */
export async function withJoinedPixels(source: Buffer): Promise<Buffer> {
  const joined = new JoinedPixels(source.length);
  joined.add(source.subarray(0, SIGNATURE_BYTES));
  let rest = SIGNATURE_BYTES;
  let count = 0;
  for (const chunk of pngChunks(source)) {
    count += 1;
    if (count % CHUNKS_A_TURN === 0) await setImmediate();
    if (chunk.type === 'IDAT') joined.addPixels(contentOf(chunk));
    else joined.add(chunk.bytes);
    rest = chunk.end;
  }
  joined.add(source.subarray(rest)); // a chunk that was cut off
  return joined.bytes;
}

class JoinedPixels {
  private readonly target: Buffer;
  private end = 0;
  /** Where the chunk begins to which pixels are added. */
  private openAt?: number;

  /** @param bytes of the source, which are never exceeded */
  constructor(bytes: number) {
    this.target = Buffer.allocUnsafe(bytes);
  }

  get bytes(): Buffer {
    return this.target.subarray(0, this.end);
  }

  addPixels(content: Buffer): void {
    if (this.openAt === undefined) {
      this.openAt = this.end;
      this.end += 8;
    }
    this.end += content.copy(this.target, this.end);
    if (this.end - this.openAt > JOINED_BYTES) this.close();
  }

  add(bytes: Buffer): void {
    this.close();
    this.end += bytes.copy(this.target, this.end);
  }

  private close(): void {
    if (this.openAt === undefined) return;
    this.target.writeUInt32BE(this.end - this.openAt - 8, this.openAt);
    this.target.write('IDAT', this.openAt + 4, 'latin1');
    const checksum = crc32(this.target.subarray(this.openAt + 4, this.end));
    this.end = this.target.writeUInt32BE(checksum, this.end);
    this.openAt = undefined;
  }
}
