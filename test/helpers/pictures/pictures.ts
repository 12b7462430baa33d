import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { lookOf, similarity } from '../../../src/compression/search/similarity.js';

/** Soft shapes with a little grain, the same in each run. */
export function photo(width: number, height: number): Sharp {
  return sharp(photoBytes(width, height, 0), { raw: { width, height, channels: 3 } });
}

/** The pixels of {@link photo}, moved to the left. */
export function photoBytes(width: number, height: number, shift: number): Buffer {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0, seed = 1; i < data.length; i += 1) {
    const [x, y] = [((i / 3) % width) + shift, i / 3 / width];
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    data[i] = 128 + 90 * Math.sin(x / 17 + (i % 3)) * Math.cos(y / 13) + (seed % 17) - 8;
  }
  return data;
}

/** Frames of 64 × 40 in which {@link photo} moves on. */
export function animation(frames: number): Sharp {
  const data = Buffer.concat(Array.from({ length: frames }, (_, frame) => photoBytes(64, 40, frame * 5)));
  return sharp(data, { raw: { width: 64, height: 40 * frames, channels: 3, pageHeight: 40 } });
}

/** By how much they look the same, 0 to 1, as the engine measures it. */
export async function alike(source: Buffer, { data }: { data: Buffer }): Promise<number> {
  const [one, other] = await Promise.all(
    [source, data].map(async (image) => {
      const { data: pixels, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
      return lookOf({ ...info, data: pixels });
    }),
  );
  return similarity(one, other);
}

/** Whole numbers of so many bits a pixel, from black to white; `sampleFormat` claims that they are others (tag 339). */
export function greyTiff(width: number, height: number, bits: number, sampleFormat = 1): Buffer {
  const pixels = Buffer.alloc((width * height * bits) / 8);
  for (let i = 0; i < width * height; i += 1) {
    pixels.writeUInt32LE(Math.floor(((i % width) / width) * 2 ** bits), (i * bits) / 8);
  }
  const tags = {
    256: width,
    257: height,
    258: bits,
    259: 1,
    262: 1,
    273: 0,
    277: 1,
    278: height,
    279: pixels.length,
    339: sampleFormat,
  };
  const entries = Object.entries(tags);
  const head = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  head.write('49492a0008000000', 'hex');
  head.writeUInt16LE(entries.length, 8);
  entries.forEach(([tag, value], index) => {
    head.writeUInt16LE(Number(tag), 10 + index * 12);
    head.writeUInt16LE(4, 12 + index * 12);
    head.writeUInt32LE(1, 14 + index * 12);
    head.writeUInt32LE(tag === '273' ? head.length : value, 18 + index * 12);
  });
  return Buffer.concat([head, pixels]);
}

/** Black lines and discs on white, as a scanned drawing has. */
export function drawing(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3, 255);
  for (let i = 0; i < width * height; i += 1) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isLine = (x * 3 + y * 5) % 211 < 3 || (x - 200) ** 2 + (y - 150) ** 2 < 9_000;
    if (isLine) data.fill(0, i * 3, i * 3 + 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A texture of few levels, half transparent: what encoders for photos take away first. */
export function faint(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 4, 128);
  for (let i = 0; i < width * height; i += 1) {
    data.fill(200 + 4 * ((((i % width) >> 2) + (Math.floor(i / width) >> 2)) % 3), i * 4, i * 4 + 3);
  }
  return sharp(data, { raw: { width, height, channels: 4 } });
}

/** Waves of a few levels and of ever shorter length. */
export function ripples(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i += 1) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const waves = Math.sin(x / 3) * Math.sin(y / 2.3) + Math.sin(((x + y) * (1 + x / 300)) / 2);
    data.fill(Math.round(128 + 5 * waves), i * 3, i * 3 + 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A grey square with a soft dark frame. */
export function framed(side: number): Sharp {
  const data = Buffer.alloc(side * side * 3);
  for (let i = 0; i < side * side; i += 1) {
    const [x, y] = [i % side, Math.floor(i / side)];
    data.fill(Math.min(240, 12 * Math.min(x, y, side - 1 - x, side - 1 - y)), i * 3, i * 3 + 3);
  }
  return sharp(data, { raw: { width: side, height: side, channels: 3 } });
}

/** Colours that pass slowly into each other. */
export function slope(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i += 1) {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    data.set([Math.round(255 * x), Math.round(255 * y), Math.round(128 * (x + y))], i * 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The directory once more behind the file, with the two tags in it. */
export function tiffWithAuthor(tiff: Buffer): Buffer {
  const [artist, copyright] = ['A. Maker\0\0', '(c) 2026 A. Maker\0'].map((text) =>
    Buffer.from(text, 'latin1'),
  );
  const entry = (tag: number, text: Buffer, at: number): Buffer => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt16LE(tag, 0);
    bytes.writeUInt16LE(2, 2);
    bytes.writeUInt32LE(text.length, 4);
    bytes.writeUInt32LE(at, 8);
    return bytes;
  };
  const old = tiff.readUInt32LE(4);
  const count = tiff.readUInt16LE(old);
  const entries = Array.from({ length: count }, (_, index) =>
    tiff.subarray(old + 2 + index * 12, old + 14 + index * 12),
  );
  entries.push(entry(315, artist, tiff.length), entry(33432, copyright, tiff.length + artist.length));
  entries.sort((one, other) => one.readUInt16LE(0) - other.readUInt16LE(0));
  const directory = Buffer.concat([Buffer.alloc(2), ...entries, Buffer.alloc(4)]);
  directory.writeUInt16LE(entries.length, 0);
  const result = Buffer.concat([tiff, artist, copyright, directory]);
  result.writeUInt32LE(tiff.length + artist.length + copyright.length, 4);
  return result;
}

/** A chunk of a PNG, with its checksum. */
export function pngChunk(type: string, content: Buffer): Buffer {
  const chunk = Buffer.alloc(content.length + 12);
  chunk.writeUInt32BE(content.length, 0);
  chunk.write(type, 4, 'latin1');
  content.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), content.length + 8);
  return chunk;
}

/** A product of the size in the middle of white, with so much around it: as shops photograph them. */
export function packshot(width: number, height: number, border: number): Sharp {
  const product = photoBytes(width, height, 0).map((value) => Math.min(value, 200));
  const [wide, high] = [width + 2 * border, height + 2 * border];
  const data = Buffer.alloc(wide * high * 3, 255);
  for (let y = 0; y < height; y += 1) {
    const row = product.subarray(y * width * 3, (y + 1) * width * 3);
    data.set(row, ((y + border) * wide + border) * 3);
  }
  return sharp(data, { raw: { width: wide, height: high, channels: 3 } });
}

/** What a judge sees of a picture of a product on a canvas: its size, its corners, and where the product lies. */
export async function judged(data: Buffer) {
  const { data: pixels, info } = await sharp(data).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const at = (x: number, y: number) => [...pixels.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
  const corners = [at(0, 0), at(width - 1, 0), at(0, height - 1), at(width - 1, height - 1)];
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [red, green, blue, alpha] = at(x, y);
      // Not what an encoder leaves beside an edge.
      if (alpha < 64 || Math.min(red, green, blue) > 215) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  return { width, height, corners, product: { width: right - left + 1, height: bottom - top + 1 } };
}
