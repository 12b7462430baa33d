import type { CopyrightTags } from '../formats/image-metadata.js';
import type { DecodedSamples } from './decoder-thread.js';

const HEAD_BYTES = 8;
const ENTRY_BYTES = 12;
const SHORT = 3;
const LONG = 4;
const ASCII = 2;
const UNDEFINED = 7;

/**
 * The samples as an uncompressed TIFF, which is how libvips takes them with a profile. They stay where they are: the head is
 * written before them, and the tags behind.
 */
export function asTiff(
  { samples, width, height, channels }: DecodedSamples,
  { icc, tags }: { icc?: Buffer; tags: CopyrightTags },
): Buffer {
  const file = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const pixelBytes = width * height * channels;
  let at = HEAD_BYTES + pixelBytes;
  at += at % 2;
  const place = (values: Buffer): number => {
    const start = at;
    at += values.copy(file, at);
    at += at % 2;
    return start;
  };
  const bits = Buffer.alloc(2 * channels);
  for (let channel = 0; channel < channels; channel += 1) bits.writeUInt16LE(8, 2 * channel);
  const text = (tag: number, value: string | undefined): [number, number, number, number][] => {
    if (value === undefined) return [];
    const bytes = Buffer.from(`${value}\0\0\0\0`, 'utf8');
    return [[tag, ASCII, bytes.length, place(bytes)]];
  };
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, channels, place(bits)],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 2], // RGB
    [273, LONG, 1, HEAD_BYTES],
    [274, SHORT, 1, 1],
    [277, SHORT, 1, channels],
    [278, LONG, 1, height],
    [279, LONG, 1, pixelBytes],
    [284, SHORT, 1, 1],
    ...text(315, tags.artist),
    ...(channels === 4
      ? ([[338, SHORT, 1, 2]] as const).map((one) => [...one] as [number, number, number, number])
      : []),
    ...text(33_432, tags.copyright),
    ...(icc ? ([[34_675, UNDEFINED, icc.length, place(icc)]] as [number, number, number, number][]) : []),
  ];
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(at, 4);
  file.writeUInt16LE(entries.length, at);
  entries.forEach(([tag, type, count, value], index) => {
    const entry = at + 2 + index * ENTRY_BYTES;
    file.writeUInt16LE(tag, entry);
    file.writeUInt16LE(type, entry + 2);
    file.writeUInt32LE(count, entry + 4);
    file.writeUInt32LE(value, entry + 8);
  });
  const end = at + 2 + entries.length * ENTRY_BYTES;
  file.writeUInt32LE(0, end);
  return file.subarray(0, end + 4);
}
