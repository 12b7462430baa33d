import iconv from 'iconv-lite';
import { isUtf8 } from 'node:buffer';
import type { CsvLayout } from '../csv-layout.js';

/** A byte that belongs to no character becomes this and its value, a lone half of a surrogate pair, and is found again by it. */
const STRAY_BYTE = 0xdc00;
const STRAY_BYTES = /[\udc80-\udcff]/;

const MARKS: Partial<Record<CsvLayout['encoding'], Buffer>> = {
  'utf-8': Buffer.from([0xef, 0xbb, 0xbf]),
  'utf-16le': Buffer.from([0xff, 0xfe]),
  'utf-16be': Buffer.from([0xfe, 0xff]),
};

/** Every byte of Windows-1252 as a character of its own: the five that stand for none keep their number. */
const WINDOWS_1252 = Array.from({ length: 256 }, (_, byte) => {
  const text = iconv.decode(Buffer.from([byte]), 'windows-1252');
  return text === '\ufffd' ? String.fromCharCode(byte) : text;
});
const BYTE_OF = new Map(WINDOWS_1252.map((text, byte) => [text, byte]));

/**
 * Turns the bytes of a file into text, and text back into the same bytes, whatever they are. Where the reader for tables sees U+FFFD, the
 * text has something else that separates nothing either.
 */
export class SourceText {
  private held = Buffer.alloc(0);

  constructor(private readonly layout: Pick<CsvLayout, 'encoding' | 'bom'>) {}

  /** The byte order mark that the file begins with. */
  get mark(): Buffer {
    return (this.layout.bom && MARKS[this.layout.encoding]) || Buffer.alloc(0);
  }

  /** The text of the next bytes; what may go on in those behind them is held back. */
  decode(chunk: Buffer): string {
    const bytes = this.held.length > 0 ? Buffer.concat([this.held, chunk]) : chunk;
    const whole = bytes.length - this.unfinished(bytes);
    this.held = Buffer.from(bytes.subarray(whole));
    return this.textOf(bytes.subarray(0, whole));
  }

  /** The bytes that were held back to the end: half of a character. */
  end(): Buffer {
    return this.held;
  }

  encode(text: string): Buffer {
    switch (this.layout.encoding) {
      case 'utf-8':
        return STRAY_BYTES.test(text) ? encodeWithStrays(text) : Buffer.from(text);
      case 'windows-1252':
        return Buffer.from(Uint8Array.from(text, (character) => BYTE_OF.get(character) ?? 0x3f));
      case 'utf-16le':
        return Buffer.from(text, 'utf16le');
      case 'utf-16be':
        return Buffer.from(text, 'utf16le').swap16();
    }
  }

  private textOf(bytes: Buffer): string {
    switch (this.layout.encoding) {
      case 'utf-8':
        return isUtf8(bytes) ? bytes.toString() : decodeWithStrays(bytes);
      case 'windows-1252':
        return Array.from(bytes, (byte) => WINDOWS_1252[byte]).join('');
      case 'utf-16le':
        return bytes.toString('utf16le');
      case 'utf-16be':
        return Buffer.from(bytes).swap16().toString('utf16le');
    }
  }

  private unfinished(bytes: Buffer): number {
    if (this.layout.encoding === 'windows-1252') return 0;
    return this.layout.encoding === 'utf-8' ? unfinishedUtf8(bytes) : bytes.length % 2;
  }
}

/** Whether a file of this encoding can hold the text. */
export function canHold(encoding: CsvLayout['encoding'], text: string): boolean {
  return encoding !== 'windows-1252' || [...text].every((character) => BYTE_OF.has(character));
}

/** How many bytes at the end begin a character that goes on behind them. */
function unfinishedUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}

/** Bytes of the character that begins with this one; 1 where none does. */
function lengthOf(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 1;
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
}

function decodeWithStrays(bytes: Buffer): string {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at] < 0x80 ? 1 : lengthOf(bytes[at]);
    const isCharacter = bytes[at] < 0x80 || (length > 1 && isUtf8(bytes.subarray(at, at + length)));
    if (isCharacter) at += length;
    else {
      parts.push(bytes.toString('utf8', start, at), String.fromCharCode(STRAY_BYTE + bytes[at]));
      start = ++at;
    }
  }
  return parts.join('') + bytes.toString('utf8', start);
}

function encodeWithStrays(text: string): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isStray =
      code >= STRAY_BYTE + 0x80 && code <= STRAY_BYTE + 0xff && !isHigh(text.charCodeAt(at - 1));
    if (!isStray) continue;
    parts.push(Buffer.from(text.slice(start, at)), Buffer.from([code - STRAY_BYTE]));
    start = at + 1;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(start))]);
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
