import { isAscii, isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { CsvLayout } from './output-csv.js';

/** What the bytes of a file are. */
export interface FileEncoding {
  encoding: CsvLayout['encoding'];
  bom: boolean;
  /** The file is no text: it begins like a known binary format, or is full of control characters. */
  isBinary: boolean;
  /** Marked as UTF-8, but some bytes are not. */
  isDamaged: boolean;
}

/** Bytes read at a time. Each read costs a fifth of a millisecond of waiting for threads. */
const READ_BYTES = 256 * 1024;
/** Bytes decoded at a time: some 250 rows, a millisecond of the event loop; 30 with the worst of files. */
const PIECE_BYTES = 32 * 1024;

const BYTE_ORDER_MARKS = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

/** First bytes of what people upload by mistake: xlsx and zip, xls, PDF, PNG, JPEG, GIF, gzip. */
const BINARY_STARTS = ['504b0304', 'd0cf11e0', '25504446', '89504e47', 'ffd8ff', '47494638', '1f8b'];

/** The characters 0x80 to 0x9f of Windows-1252; the five that it leaves open stay what they are. */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

/**
 * Finds out how a file is encoded, by reading all of it once: whatever is valid UTF-8 to the end is UTF-8, other
 * bytes are Windows-1252. UTF-16 is known by its mark, or by the zero bytes of its first ASCII letters.
 */
export async function detectEncoding(file: string): Promise<FileEncoding> {
  let found: FileEncoding | undefined;
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    if (!found) {
      found = detectByStart(chunk);
      if (found.isBinary || found.encoding !== 'utf-8') return found;
    }
    if (tail.length === 0 && isAscii(chunk)) continue;
    const bytes = Buffer.concat([tail, chunk]);
    const whole = bytes.length - unfinishedBytes(bytes);
    if (!isUtf8(bytes.subarray(0, whole))) return notUtf8(found);
    tail = bytes.subarray(whole);
  }
  found ??= { encoding: 'utf-8', bom: false, isBinary: false, isDamaged: false };
  return tail.length > 0 ? notUtf8(found) : found;
}

/** The text of a file without its byte order mark, in pieces. */
export async function* readText(file: string, { encoding, bom }: FileEncoding): AsyncGenerator<string> {
  const mark = BYTE_ORDER_MARKS.find((candidate) => candidate.encoding === encoding);
  const start = bom && mark ? mark.bytes.length : 0;
  const decode = decoderOf(encoding);
  const chunks = createReadStream(file, { start, highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      yield decode(chunk.subarray(at, at + PIECE_BYTES));
    }
  }
  yield decode(null);
}

function detectByStart(bytes: Buffer): FileEncoding {
  const mark = BYTE_ORDER_MARKS.find((candidate) => candidate.bytes.every((byte, i) => bytes[i] === byte));
  const unmarked = mark ? undefined : unmarkedUtf16(bytes);
  return {
    encoding: mark?.encoding ?? unmarked ?? 'utf-8',
    bom: mark !== undefined,
    isBinary: !mark && !unmarked && looksBinary(bytes),
    isDamaged: false,
  };
}

/** A header in ASCII letters has a zero in every other byte. */
function unmarkedUtf16(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const sample = bytes.subarray(0, 40);
  const zeros = [0, 0];
  sample.forEach((byte, i) => (zeros[i % 2] += byte === 0 ? 1 : 0));
  const most = sample.length * 0.4;
  if (sample.length < 4) return undefined;
  if (zeros[0] === 0 && zeros[1] >= most) return 'utf-16le';
  return zeros[1] === 0 && zeros[0] >= most ? 'utf-16be' : undefined;
}

function looksBinary(bytes: Buffer): boolean {
  const start = bytes.toString('hex', 0, 4);
  if (BINARY_STARTS.some((known) => start.startsWith(known))) return true;
  const sample = bytes.subarray(0, 1024);
  const controls = sample.filter((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return controls.length > sample.length / 10;
}

/** How many bytes at the end begin a character of UTF-8 that goes on in the next chunk. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

function notUtf8(found: FileEncoding): FileEncoding {
  return found.bom ? { ...found, isDamaged: true } : { ...found, encoding: 'windows-1252' };
}

/** Turns chunks into text; null says that there are no more. */
function decoderOf(encoding: CsvLayout['encoding']): (chunk: Buffer | null) => string {
  if (encoding === 'utf-8') {
    const decoder = new StringDecoder('utf8');
    return (chunk) => (chunk ? decoder.write(chunk) : decoder.end());
  }
  if (encoding === 'windows-1252') return (chunk) => (chunk ? decodeWindows1252(chunk) : '');
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
}

/** By hand, since the TextDecoder of some Node versions reads 0x80 to 0x9f as control characters. */
function decodeWindows1252(chunk: Buffer): string {
  return chunk.toString('latin1').replace(/[\x80-\x9f]/g, (char) => WINDOWS_1252[char.charCodeAt(0) - 0x80]);
}
