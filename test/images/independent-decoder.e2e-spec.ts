import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { ImageError } from '../../src/errors/app-error.js';
import type { CompressedImage } from '../../src/compression/compress.js';
import { compressImage } from '../helpers/pictures/compress.js';
import { type CompressionFields, toCompressionOptions } from '../../src/compression/options.js';
import { avifToPng, hasAvifdec } from '../helpers/pictures/avifdec.js';
import { hasHeif, heicToPng } from '../helpers/pictures/heif.js';
import { photo } from '../helpers/servers/image-origin.js';
import { findPillow, type Seen, seeWithPillow } from '../helpers/pictures/pillow.js';
import { ROOT } from '../helpers/paths.js';

/** A folder of images of all kinds to try as well, besides those made here. */
const CORPUS = process.env.CORPUS;
const python = findPillow();
const isAvifJudged = hasAvifdec() || Boolean(process.env.CI);

const OPTIONS: CompressionFields[] = [
  {},
  { format: 'jpeg', metadata: 'copyright' },
  { format: 'webp', effort: 'fast' },
  { format: 'png' },
  { format: 'avif' },
  { format: 'auto' },
  { effort: 'fast' },
  { metadata: 'all', effort: 'best' },
  { max_width: 100, max_height: 100 },
];
/** Sources whose colours another program reads in another way: Lab, CMYK without a profile, grey with one, 16 bits, frames on frames. */
const OTHER_COLOURS = /no_profile|thRandom|bggn4a16|cielab|fogra|Crash_test|big-height|tbgn|^G31D|prophoto/;

(python || process.env.CI ? describe : describe.skip)('independent decoders (Pillow, libavif)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-judged-'));
  let sources: Record<string, Buffer>;

  beforeAll(async () => {
    sources = await makeSources();
    for (const name of CORPUS ? readdirSync(CORPUS) : []) {
      sources[name] = readFileSync(path.join(CORPUS!, name));
    }
    for (const [name, bytes] of Object.entries(sources)) writeFileSync(path.join(folder, name), bytes);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are installed', () => {
    expect(python).toBeDefined();
    if (isAvifJudged) expect(hasAvifdec()).toBe(true);
  });

  it.each(OPTIONS)(
    'open every image, see the right size and colours, and none is larger, with %j',
    async (fields) => {
      const outputs: { name: string; image: CompressedImage; file: string }[] = [];
      for (const [name, source] of Object.entries(sources)) {
        const image = await compress(source, fields);
        if (!image || (isAvif(image.data) && !isAvifJudged)) continue;
        outputs.push({ name, image, file: readable(path.join(folder, `${name}.out`), image.data) });
      }

      const before = seeWithPillow(
        python!,
        outputs.map(({ name }) => readable(path.join(folder, name), sources[name])),
      );
      const after = seeWithPillow(
        python!,
        outputs.map(({ file }) => file),
      );

      expect(outputs.length).toBeGreaterThan(2);
      const faults = outputs.flatMap(({ name, image }, index) => {
        const { width, height } = image.output;
        const format = isAvif(image.data) ? 'png' : image.output.format;
        const [was, is] = [before[index], after[index]];
        const isOpened = is.format === format && is.width === width && is.height === height;
        const isSmall =
          image.data.length <= sources[name].length || image.report.notes.includes('larger_than_source');
        const isComparable = was.mean && is.mean && !OTHER_COLOURS.test(name);
        const isTrue = !isComparable || differenceOfMeans(was as Seen, is as Seen) < 6;
        return isOpened && isSmall && isTrue ? [] : [{ name, output: image.output, was, is }];
      });
      expect(faults).toEqual([]);
    },
  );
});

/** A file that Pillow can read. */
function readable(file: string, image: Buffer): string {
  writeFileSync(file, image);
  if (isHeic(image)) return heicToPng(file);
  return isAvif(image) && isAvifJudged ? avifToPng(file) : file;
}

function isAvif(image: Buffer): boolean {
  return /^ftypavi[fs]/.test(image.toString('latin1', 4, 12));
}

function isHeic(image: Buffer): boolean {
  return /^ftyp(?:heic|mif1)/.test(image.toString('latin1', 4, 12)) && !isAvif(image);
}

async function compress(source: Buffer, fields: CompressionFields): Promise<CompressedImage | undefined> {
  try {
    return await compressImage(source, { ...toCompressionOptions(fields, 50), maxPixels: 50_000_000 });
  } catch (error) {
    if (error instanceof ImageError) return undefined; // the corpus holds damaged files, too
    throw error;
  }
}

function differenceOfMeans(before: Seen, after: Seen): number {
  return Math.max(...before.mean.map((value, channel) => Math.abs(value - after.mean[channel])));
}

function heics(): Record<string, Buffer> {
  const folder = path.join(ROOT, 'test/fixtures/images');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
}

/** 24 bits, rows from the top. */
function bmpOf({
  data,
  info: { width, height },
}: {
  data: Buffer;
  info: { width: number; height: number };
}): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const head = Buffer.alloc(54);
  head.write('BM', 'latin1');
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(-height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  const body = Buffer.alloc(rowBytes * height);
  for (let at = 0; at < width * height; at += 1) {
    const to = Math.floor(at / width) * rowBytes + (at % width) * 3;
    body.set([data[3 * at + 2], data[3 * at + 1], data[3 * at]], to);
  }
  return Buffer.concat([head, body]);
}

async function makeSources(): Promise<Record<string, Buffer>> {
  const picture = sharp(await photo(320, 200));
  const wheel = sharp(await photo(200, 120, 7));
  const frames = await Promise.all(
    ['red', 'lime', 'blue'].map((colour) => wheel.clone().tint(colour).png().toBuffer()),
  );
  const owner = { IFD0: { Artist: 'A. Maker', Copyright: '© 2026 A. Maker' } };
  return {
    'plain.jpg': await picture.clone().jpeg({ quality: 95 }).toBuffer(),
    'turned.jpg': await picture
      .clone()
      .withMetadata({ orientation: 6 })
      .withExif(owner)
      .jpeg({ quality: 95 })
      .toBuffer(),
    'p3.jpg': await picture.clone().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer(),
    'p3-small.jpg': await picture.clone().withIccProfile('p3').jpeg({ quality: 20 }).toBuffer(),
    'cmyk.jpg': await picture
      .clone()
      .toColourspace('cmyk')
      .withIccProfile('cmyk')
      .jpeg({ quality: 95 })
      .toBuffer(),
    'grey.jpg': await picture.clone().toColourspace('b-w').jpeg({ quality: 95 }).toBuffer(),
    'alpha.png': await picture.clone().ensureAlpha(0.5).png().toBuffer(),
    'palette.png': await picture.clone().png({ palette: true, colours: 16 }).toBuffer(),
    'photo.webp': await picture.clone().webp({ quality: 95 }).toBuffer(),
    'photo.tif': await picture.clone().tiff({ compression: 'lzw' }).toBuffer(),
    'animated.gif': await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer(),
    'animated.webp': await sharp(frames, { join: { animated: true } })
      .webp({ quality: 95 })
      .toBuffer(),
    ...(hasHeif() ? heics() : {}),
    'photo.bmp': bmpOf(await picture.clone().raw().toBuffer({ resolveWithObject: true })),
    'photo.avif': await picture.clone().avif({ quality: 80 }).toBuffer(),
  };
}
