import { Duplex } from 'node:stream';
import { OutboundError } from '../../errors/app-error.js';
import { mendHeaderSection } from './mend-header-section.js';

/** Bytes of a header section. Browsers take 256 KiB, curl 300 KiB; no honest server comes near. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** A line feed, and an empty line behind it. */
const END_OF_SECTION = /\n\r*\n/g;
/** Any 1xx but 101: behind that comes another protocol, and no further answer. */
const INTERIM = /^HTTP\/\S+[ \t]+1(?!01)\d\d\b/i;

/**
 * A connection whose answer begins with a mended header section (see {@link mendHeaderSection}), for one request only.
 * Everything behind the header section passes as it is. Fails with `RESPONSE_INVALID` where it can't be mended.
 */
export class LenientSocket extends Duplex {
  /** Bytes that came on the connection, as those of a socket are counted. */
  bytesRead = 0;
  private section: Buffer | null = Buffer.allocUnsafe(MAX_HEADER_BYTES);
  private length = 0;

  constructor(private readonly socket: Duplex) {
    super();
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('end', () => this.finish());
    socket.on('error', (error) => this.destroy(error));
    // Where it has ended, what came is still to be read: destroyed, it would be lost.
    socket.on('close', () => socket.readableEnded || this.destroy());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, encoding, done);
  }

  /** Node ends a connection behind its answer; a server that does not close it in turn would keep it open. */
  override _final(done: (error?: Error | null) => void): void {
    this.destroy();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  private receive(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    let rest = chunk;
    while (this.section !== null && rest.length > 0) {
      const copied = rest.copy(this.section, this.length);
      if (copied === 0) return void this.destroy(tooLarge());
      const came = this.section.subarray(0, this.length);
      const from = Math.max(came.lastIndexOf('\n'), 0); // the empty line may begin in a chunk before
      this.length += copied;
      rest = rest.subarray(copied);
      this.mendFrom(this.section, from);
    }
    if (rest.length > 0 && !this.push(rest)) this.socket.pause();
  }

  /** Passes on the header section once it is whole. Interim answers before it are left out: nobody waits for them. */
  private mendFrom(section: Buffer, from: number): void {
    END_OF_SECTION.lastIndex = from;
    const text = section.toString('latin1', 0, this.length);
    let begin = 0;
    for (let end = END_OF_SECTION.exec(text); end; end = END_OF_SECTION.exec(text)) {
      const head = text.slice(begin, end.index);
      begin = END_OF_SECTION.lastIndex;
      if (INTERIM.test(head)) continue;
      if (this.pushMended(head)) this.push(Buffer.from(section.subarray(begin, this.length)));
      this.section = null;
      return;
    }
    section.copyWithin(0, begin, this.length);
    this.length -= begin;
  }

  private pushMended(head: string): boolean {
    try {
      this.push(mendHeaderSection(head), 'latin1');
      return true;
    } catch (error) {
      this.destroy(error as Error);
      return false;
    }
  }

  /** The server closed: what is left of a header section without its empty line is read as a whole one. */
  private finish(): void {
    if (this.section !== null && this.length > 0)
      this.pushMended(this.section.toString('latin1', 0, this.length).trimEnd());
    this.section = null;
    this.push(null);
  }
}

function tooLarge(): OutboundError {
  const message = `The server's header section is larger than ${MAX_HEADER_BYTES.toLocaleString('en')} bytes.`;
  return new OutboundError('RESPONSE_INVALID', message);
}
