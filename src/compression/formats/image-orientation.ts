import type { CopyrightTags } from './image-metadata.js';

/** EXIF orientation: 1 is upright, 2 to 8 are mirrored or turned, as in EXIF 2.3, tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const HEADER_BYTES = 8;
const ENTRY_BYTES = 12;

/** The value as an orientation; whatever is no orientation counts as upright, as it does for every viewer. */
export function toOrientation(value: number | undefined): Orientation {
  return value !== undefined && value >= 2 && value <= 8 ? (value as Orientation) : 1;
}

/** The smallest EXIF block that says so: 26 bytes for an orientation alone. Undefined where there is nothing to say. */
export function exifBlock(orientation: Orientation, tags: CopyrightTags = {}): Buffer | undefined {
  const entries = [
    ...(orientation === 1 ? [] : [{ tag: 0x0112, type: 3, count: 1, value: shortValue(orientation) }]),
    ...textEntry(0x013b, tags.artist),
    ...textEntry(0x8298, tags.copyright),
  ];
  if (entries.length === 0) return undefined;

  const head = Buffer.alloc(HEADER_BYTES + 2 + entries.length * ENTRY_BYTES + 4);
  head.write('4d4d002a00000008', 'hex');
  head.writeUInt16BE(entries.length, HEADER_BYTES);
  const outside: Buffer[] = [];
  let end = head.length;
  entries.forEach(({ tag, type, count, value }, index) => {
    const at = HEADER_BYTES + 2 + index * ENTRY_BYTES;
    head.writeUInt16BE(tag, at);
    head.writeUInt16BE(type, at + 2);
    head.writeUInt32BE(count, at + 4);
    if (value.length <= 4) value.copy(head, at + 8);
    else {
      head.writeUInt32BE(end, at + 8);
      outside.push(value);
      end += value.length;
    }
  });
  return Buffer.concat([head, ...outside]);
}

function shortValue(value: number): Buffer {
  return Buffer.from([0, value, 0, 0]);
}

function textEntry(tag: number, text: string | undefined) {
  if (text === undefined) return [];
  const bytes = Buffer.from(`${text}\0`, 'utf8');
  const value = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  return [{ tag, type: 2, count: bytes.length, value }];
}
