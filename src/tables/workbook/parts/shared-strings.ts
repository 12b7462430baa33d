import { WorkbookError } from '../workbook-error.js';
import { TextElement } from './text-element.js';
import { readXml } from './xml-reader.js';

/** What all shared texts may take, in memory. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Characters of one: some thirty times as many as Excel takes in a cell. */
const MAX_LENGTH = 1024 * 1024;
/** What one takes besides its letters. */
const BYTES_EACH = 8;

/** The texts of a workbook that its cells refer to by number, packed: as strings they would take several times as much. */
export class SharedStrings {
  private packed = Buffer.alloc(64 * 1024);
  private ends = new Uint32Array(1024);
  private count = 0;

  /** Where there are none. */
  static readonly none = new SharedStrings();

  /** @throws WorkbookError */
  static async read(content: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<SharedStrings> {
    const strings = new SharedStrings();
    const text = new TextElement(MAX_LENGTH);
    await readXml(
      content,
      {
        open(name) {
          if (name === 'si') text.clear();
          text.open(name);
        },
        close(name) {
          text.close(name);
          if (name !== 'si') return;
          if (text.isCut) throw new WorkbookError('WORKBOOK_TOO_LARGE');
          strings.add(text.value);
        },
        text: (piece) => text.add(piece),
      },
      signal,
    );
    return strings;
  }

  /** Of all texts together. */
  get bytes(): number {
    return this.count === 0 ? 0 : this.ends[this.count - 1];
  }

  /** Empty where there is no such text. */
  get(number: number): string {
    return this.has(number) ? this.packed.toString('utf8', this.startOf(number), this.ends[number]) : '';
  }

  /** Bytes of one text; 0 where there is no such text. */
  bytesOf(number: number): number {
    return this.has(number) ? this.ends[number] - this.startOf(number) : 0;
  }

  private has(number: number): boolean {
    return Number.isInteger(number) && number >= 0 && number < this.count;
  }

  private startOf(number: number): number {
    return number === 0 ? 0 : this.ends[number - 1];
  }

  private add(text: string): void {
    const start = this.bytes;
    const end = start + Buffer.byteLength(text);
    if (end + (this.count + 1) * BYTES_EACH > MAX_BYTES) throw new WorkbookError('WORKBOOK_TOO_LARGE');
    if (end > this.packed.length)
      this.packed = Buffer.concat([this.packed], Math.max(end, 2 * this.packed.length));
    if (this.count === this.ends.length) {
      const ends = new Uint32Array(2 * this.count);
      ends.set(this.ends);
      this.ends = ends;
    }
    this.packed.write(text, start);
    this.ends[this.count++] = end;
  }
}
