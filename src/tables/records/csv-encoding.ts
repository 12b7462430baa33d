import { isAscii, isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { toUSVString } from 'node:util';
import iconv from 'iconv-lite';
import type { CsvLayout } from '../csv-layout.js';

/** What the bytes of a file are. */
export interface FileEncoding {
  encoding: CsvLayout['encoding'];
  bom: boolean;
  /** What the file is where it is no text: it begins like a known binary format, or is full of control characters. A workbook is not damaged unless it could not be opened as one. */
  binary: 'EXCEL_FILE' | 'WORKBOOK_DAMAGED' | 'NOT_A_CSV' | null;
  /** UTF-8, but for some bytes. */
  isDamaged: boolean;
  /** Read as Windows-1252, which it hardly is: Cyrillic or Japanese, say, in an encoding of its own. */
  isUnsure: boolean;
}

/** Bytes read at a time. Each read costs a fifth of a millisecond of waiting for threads. */
const READ_BYTES = 1024 * 1024;
/** Bytes decoded at a time: some 125 rows, half a millisecond of the event loop; 20 with the worst of files. */
const PIECE_BYTES = 16 * 1024;

const BYTE_ORDER_MARKS = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

/** First bytes of what people upload by mistake: zip, PDF, PNG, JPEG, GIF, gzip. */
const BINARY_STARTS = ['504b0304', '25504446', '89504e47', 'ffd8ff', '47494638', '1f8b'];

/** Old Excel files, and other documents of their time. */
const COMPOUND_FILE_START = 'd0cf11e0';

/** Names of files inside the archives that spreadsheets are: of Excel, LibreOffice, Numbers. */
const IN_SPREADSHEETS = ['xl/', 'opendocument.spreadsheet', 'Index/Document.iwa'];

/** Its other half comes with the next piece. */
const HIGH_SURROGATE_AT_END = /[\uD800-\uDBFF]/;

/**
 * Finds out how a file is encoded, by reading all of it once: whatever is valid UTF-8 to the end is UTF-8. Where it is not, it
 * is read again, and counts as damaged UTF-8 if it has at least as many characters of several bytes as bytes that belong to none; as
 * Windows-1252 otherwise, in which such characters occur by chance only. UTF-16 is known by its mark, or by the zero
 * bytes of its first ASCII letters.
 */
export async function detectEncoding(file: string, signal?: AbortSignal): Promise<FileEncoding> {
  let found: FileEncoding | undefined;
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of readBytes(file, 0, signal)) {
    if (!found) {
      found = detectByStart(chunk);
      if (found.binary || found.encoding !== 'utf-8') return found;
    }
    if (tail.length === 0 && isAscii(chunk)) continue;
    const bytes = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk;
    const whole = bytes.length - unfinishedBytes(bytes);
    if (!isUtf8(bytes.subarray(0, whole))) return notUtf8(found, file, signal);
    tail = Buffer.from(bytes.subarray(whole)); // `chunk` is used again
  }
  found ??= { encoding: 'utf-8', bom: false, binary: null, isDamaged: false, isUnsure: false };
  return tail.length > 0 ? notUtf8(found, file, signal) : found;
}

/** The text of a file without its byte order mark, in pieces. What is no character comes as U+FFFD. */
export async function* readText(
  file: string,
  { encoding, bom }: FileEncoding,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const mark = BYTE_ORDER_MARKS.find((candidate) => candidate.encoding === encoding);
  const decoder = iconv.getDecoder(encoding, { stripBOM: false });
  let held = '';
  for await (const chunk of readBytes(file, bom && mark ? mark.bytes.length : 0, signal)) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      const text = held + decoder.write(chunk.subarray(at, at + PIECE_BYTES));
      held = HIGH_SURROGATE_AT_END.test(text.slice(-1)) ? text.slice(-1) : '';
      yield toUSVString(held ? text.slice(0, -1) : text);
    }
  }
  yield toUSVString(held + (decoder.end() ?? ''));
}

/** The bytes of a file; each chunk is valid only until the next one is asked for. */
async function* readBytes(file: string, start: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (let at = start; ;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function detectByStart(bytes: Buffer): FileEncoding {
  const mark = BYTE_ORDER_MARKS.find((candidate) => candidate.bytes.every((byte, i) => bytes[i] === byte));
  const unmarked = mark ? undefined : unmarkedUtf16(bytes);
  return {
    encoding: mark?.encoding ?? unmarked ?? 'utf-8',
    bom: mark !== undefined,
    binary: mark || unmarked ? null : binaryKind(bytes),
    isDamaged: false,
    isUnsure: false,
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

function binaryKind(bytes: Buffer): FileEncoding['binary'] {
  const start = bytes.toString('hex', 0, 4);
  if (start === COMPOUND_FILE_START) return 'EXCEL_FILE';
  if (BINARY_STARTS.some((known) => start.startsWith(known))) {
    return IN_SPREADSHEETS.some((name) => bytes.includes(name, 0, 'latin1'))
      ? 'WORKBOOK_DAMAGED'
      : 'NOT_A_CSV';
  }
  const sample = bytes.subarray(0, 1024);
  const controls = sample.filter((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return controls.length > sample.length / 10 ? 'NOT_A_CSV' : null;
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

async function notUtf8(
  found: FileEncoding,
  file: string,
  signal: AbortSignal | undefined,
): Promise<FileEncoding> {
  if (found.bom) return { ...found, isDamaged: true };
  const count = new SequenceCount();
  const letters = new LetterCount();
  for await (const chunk of readBytes(file, 0, signal)) {
    count.add(chunk);
    letters.add(chunk);
  }
  if (count.isMostlyUtf8()) return { ...found, isDamaged: true };
  return { ...found, encoding: 'windows-1252', isUnsure: !letters.areWestern() };
}

/** Counts characters of several bytes, and bytes beyond ASCII that are part of none. */
class SequenceCount {
  private characters = 0;
  private strayBytes = 0;
  /** Bytes that the character at hand has had, and those that it still needs. */
  private had = 0;
  private needed = 0;

  add(bytes: Buffer): void {
    for (const byte of bytes) {
      if (byte < 0x80 && this.needed === 0) continue;
      if (this.needed > 0 && byte >= 0x80 && byte < 0xc0) {
        this.had++;
        if (--this.needed === 0) this.characters++;
        continue;
      }
      if (this.needed > 0) this.strayBytes += this.had;
      this.had = 1;
      this.needed = byte >= 0xc2 && byte < 0xf5 ? (byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3) : 0;
      if (byte >= 0x80 && this.needed === 0) this.strayBytes++;
    }
  }

  isMostlyUtf8(): boolean {
    return this.characters > 0 && this.characters >= this.strayBytes;
  }
}

/** Bytes that stand for nothing in Windows-1252, or for signs that hardly anybody writes: ƒ, ˆ and ˜. */
const ODD_IN_1252 = [0x81, 0x83, 0x88, 0x8d, 0x8f, 0x90, 0x98, 0x9d];
/** Letters with marks follow each other in hardly any word of a western language, and three of them in none. */
const LONG_RUN = 3;

/** Counts what tells the letters of Windows-1252 from those of other encodings. */
class LetterCount {
  private beyondAscii = 0;
  private inLongRuns = 0;
  private odd = 0;
  private run = 0;
  private lettersInRun = 0;

  add(bytes: Buffer): void {
    for (const byte of bytes) {
      if (byte < 0x80) {
        if (this.run > 0) this.endRun();
        continue;
      }
      this.run++;
      if (byte >= 0xc0) this.lettersInRun++;
      if (ODD_IN_1252.includes(byte)) this.odd++;
    }
  }

  areWestern(): boolean {
    this.endRun();
    return 2 * this.inLongRuns < this.beyondAscii && 10 * this.odd < this.beyondAscii;
  }

  /** Dashes and other signs do follow each other. */
  private endRun(): void {
    this.beyondAscii += this.run;
    if (this.run >= LONG_RUN && this.lettersInRun > 1) this.inLongRuns += this.run;
    this.run = this.lettersInRun = 0;
  }
}
