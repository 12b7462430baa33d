// Pictures for bench/quality.bench.mjs: photos and graphics of a folder, and drawn ones.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { pixelsOf } from './judges.mjs';

const MAX_SIDE = 512;
const MAX_GRAPHIC_SIDE = 320;
/** Of a picture stored without loss: photos take more than a byte a pixel, graphics less. */
const PHOTO_BYTES_A_PIXEL = 0.9;
// The same picture again in other orientations; and a trick picture that changes when it is made smaller.
const LEFT_OUT = /_[2-8]\.jpg$|dalai_lama/;

/** The photos and graphics of a folder, each as `{ name, data, width, height, channels }`, at most 512 and 320 pixels on a side. */
export async function readPictures(folder) {
  const photos = [];
  const graphics = [];
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name);
    if (!statSync(file).isFile() || !/\.(jpe?g|png|webp|avif|tiff?)$/i.test(name) || LEFT_OUT.test(name))
      continue;
    const photo = await read(name, readFileSync(file), MAX_SIDE).catch(() => undefined);
    if (!photo || Math.min(photo.width, photo.height) < 64) continue;
    const { width, height, channels } = photo;
    const exact = await sharp(photo.data, { raw: { width, height, channels } }).png().toBuffer();
    if (exact.length > width * height * PHOTO_BYTES_A_PIXEL) {
      if (Math.min(width, height) >= 140) photos.push(await opaque(photo));
    } else graphics.push(await read(name, readFileSync(file), MAX_GRAPHIC_SIDE));
  }
  return { photos, graphics };
}

async function read(name, source, side) {
  const small = await sharp(source, { failOn: 'error', limitInputPixels: 50_000_000 })
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .png({ compressionLevel: 1 })
    .toBuffer();
  return { name, ...(await pixelsOf(small)) };
}

async function opaque({ name, data, width, height, channels }) {
  const flat = sharp(data, { raw: { width, height, channels } }).flatten({ background: '#ffffff' });
  return { name, data: await flat.raw().toBuffer(), width, height, channels: 3 };
}

/** Gradients, fades and flat colours, which palettes and encoders of photos do worst. */
export function drawnGraphics() {
  const distance = (x, y) => Math.hypot(x - 0.5, y - 0.5);
  return [
    drawn('a grey slope', 256, 160, (x, y) => Array(3).fill(60 + 120 * x + 30 * y)),
    drawn('a slope of colours', 256, 192, (x, y) => [255 * x, 255 * y, 128 * (x + y)]),
    drawn('a sky', 300, 200, (x, y) => [90 + 80 * y + 10 * x, 140 + 60 * y, 200 + 40 * y - 10 * x]),
    drawn('a glow', 240, 240, (x, y) => {
      const r = distance(x, y);
      return [240 - 200 * r, 120 + 100 * r, 60 + 180 * r * r];
    }),
    drawn('a fade to transparent', 256, 160, (x) => [220, 60, 40, 255 * x]),
    drawn('a soft shadow', 240, 200, (x, y) => [
      40 + 100 * x,
      90,
      200 - 80 * y,
      255 * Math.max(0, 1 - 2 * distance(x, y)),
    ]),
    drawn('flat colours', 256, 192, (x, y) => FLAT[Math.floor(4 * x) + 4 * Math.floor(3 * y)]),
    drawn('red discs', 300, 160, (x, y) =>
      (((x * 6) % 1) - 0.5) ** 2 + (((y * 3) % 1) - 0.5) ** 2 < 0.12 ? [216, 16, 42] : [255, 255, 255],
    ),
    drawn('thin coloured lines', 300, 160, (x, y) =>
      Math.round(x * 300 + y * 60) % 11 < 2 ? FLAT[Math.floor(y * 8)] : [255, 255, 255],
    ),
    drawn('bars', 320, 200, (x, y) =>
      y > 1 - ((Math.floor(x * 12) * 37) % 11) / 12 && (x * 12) % 1 < 0.7
        ? FLAT[Math.floor(x * 12)]
        : [250, 250, 250],
    ),
  ];
}

const FLAT = [
  ...[
    [200, 40, 40],
    [40, 160, 60],
    [40, 60, 190],
    [230, 200, 40],
    [120, 120, 120],
    [240, 240, 240],
  ],
  ...[
    [20, 20, 20],
    [180, 90, 160],
    [90, 180, 180],
    [250, 140, 60],
    [60, 30, 90],
    [150, 200, 110],
  ],
];

function drawn(name, width, height, colourAt) {
  const channels = colourAt(0, 0).length;
  const data = Buffer.alloc(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const colour = colourAt((i % width) / width, Math.floor(i / width) / height);
    data.set(
      colour.map((value) => Math.max(0, Math.min(255, Math.round(value)))),
      i * channels,
    );
  }
  return { name, data, width, height, channels };
}
