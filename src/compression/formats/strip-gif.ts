const HEADER_BYTES = 13;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const APPLICATION = 0xff;

/**
 * The same picture or animation, bit for bit, without comments, texts, XMP and everything behind the end of the image.
 *
 * @returns undefined where the file ends in the middle of something: libvips takes an animation that was cut off for
 *   a shorter one
 */
export function stripGif(source: Buffer, options: { firstFrameOnly: boolean }): Buffer | undefined {
  let at = HEADER_BYTES + colourTableBytes(source[10]);
  const kept: Buffer[] = [source.subarray(0, at)];
  for (let frames = 0; at < source.length && !(options.firstFrameOnly && frames > 0);) {
    const kind = source[at];
    if (kind === TRAILER) break;
    if (kind !== IMAGE && kind !== EXTENSION) {
      if (frames === 0) return undefined;
      break; // whatever it is, decoders stop here too
    }
    const end = endOfBlocks(source, kind === IMAGE ? startOfPixels(source, at) : at + 2);
    if (end > source.length) return undefined;
    if (kind === IMAGE) frames += 1;
    if (kind === IMAGE || isKeptExtension(source, at)) kept.push(source.subarray(at, end));
    at = end;
  }
  kept.push(Buffer.from([TRAILER]));
  return Buffer.concat(kept);
}

/** How many bytes of colours these flags announce. */
export function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}

/** Where the pixels of an image begin: behind the descriptor (10 bytes) and the local colours stands the size of the codes, one byte. */
export function startOfPixels(source: Buffer, at: number): number {
  return at + 10 + colourTableBytes(source[at + 9] ?? 0) + 1;
}

/** Data comes in blocks of up to 255 bytes, each with its length before it; a length of 0 ends them. */
export function endOfBlocks(source: Buffer, start: number): number {
  let at = start;
  while (at < source.length && source[at] !== 0) at += source[at] + 1;
  return at + 1;
}

function isKeptExtension(source: Buffer, at: number): boolean {
  return source[at + 1] === GRAPHIC_CONTROL || isLoopCount(source, at);
}

/** Whether an extension says how often the animation is repeated; of the application extensions, it alone draws. */
export function isLoopCount(source: Buffer, at: number): boolean {
  const name = source.toString('latin1', at + 3, at + 14);
  return source[at + 1] === APPLICATION && (name === 'NETSCAPE2.0' || name === 'ANIMEXTS1.0');
}
