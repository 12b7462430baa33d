// The compression engine beside a bare sharp loop, and its bytes and similarity beside those of Pillow.
// `CORPUS=<folder> PHOTO=<file> npm run bench -- engine`; without them, the samples are used.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { openSource } from '../dist/src/compression/compress.js';
import { lookOf, similarity } from '../dist/src/compression/search/similarity.js';
import { toCompressionOptions } from '../dist/src/compression/options.js';

const ROUNDS = 12;
/** As many as a worker has in its encoder. */
const AT_ONCE = availableParallelism() + 1;
const SIZES = [
  [600, 450, 120],
  [1200, 900, 40],
  [2400, 1800, 12],
];
/** What `fast` gives to the other encoders; for photos of the first size. */
const OTHER_FORMATS = {
  webp: { quality: 50, effort: 2 },
  png: { palette: true, quality: 50, dither: 0, effort: 1, compressionLevel: 6 },
  avif: { quality: 50, effort: 0, chromaSubsampling: '4:2:0' },
};
const MAX_PIXELS = 50_000_000;
const FOLDER = process.env.CORPUS ?? new URL('../src/samples/', import.meta.url).pathname;

const PILLOW = `
import json, os, sys
from PIL import Image, ImageOps
job = json.load(sys.stdin)
written = []
for index, file in enumerate(job["files"]):
    try:
        image = Image.open(file)
        format = job["format"] or image.format
        image = ImageOps.exif_transpose(image)
        if format == "JPEG" and image.mode not in ("RGB", "L"):
            rgba = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
        name = os.path.join(job["folder"], str(index))
        image.save(name, format=format, quality=50)
        written.append(name)
    except Exception:
        written.append(None)
print(json.dumps(written))
`;

await throughput();
const images = await readImages();
console.log(
  `\n${FOLDER}: ${images.length} images, ${kilobytes(sum(images.map(({ source }) => source.length)))}`,
);
const EFFORTS = ['fast', 'balanced', 'best'];
await compare('', [...EFFORTS.map((effort) => ({ effort })), { format: 'auto' }]);
await compare(
  'JPEG',
  EFFORTS.map((effort) => ({ effort, format: 'jpeg' })),
);

/** The engine beside bare loops with the same settings, as ratios of their images a second. */
async function throughput() {
  console.log(`Images a second, ${AT_ONCE} at once, ${ROUNDS} rounds; a bare sharp loop = 1:`);
  for (const [width, height, count] of SIZES) {
    const photo = samplePhoto(width, height);
    for (const [title, source] of [
      ['a JPEG', await photo.clone().toBuffer()],
      ['with a profile of sRGB', await photo.clone().withIccProfile('srgb').toBuffer()],
    ]) {
      const measuring = () => measuringLoop(source);
      const works = [
        bareLoop(source),
        measuring,
        engine(source, {}),
        engine(source, { measure: 'similarity' }),
      ];
      const [bareMs, measuringMs, usualMs, measuredMs] = await inTurns(works, count);
      console.log(
        `  ${width}×${height}, ${title}: ${ratio(bareMs, usualMs)}; with measure=similarity ` +
          `${ratio(bareMs, measuredMs)}, beside a loop that measures it too ${ratio(measuringMs, measuredMs)}`,
      );
    }
  }
  const [width, height] = SIZES[0];
  for (const [format, settings] of Object.entries(OTHER_FORMATS)) {
    const source = await samplePhoto(width, height).toFormat(format, { quality: 90 }).toBuffer();
    const bare = bareLoop(source, (pipeline) => pipeline.toFormat(format, settings));
    const [bareMs, fastMs] = await inTurns([bare, engine(source, { effort: 'fast' })], 60);
    console.log(`  ${width}×${height}, ${format}: fast ${ratio(bareMs, fastMs)}`);
  }
}

function engine(source, fields) {
  return () => compress(source, fields);
}

async function compress(source, fields) {
  return (await openSource(source, MAX_PIXELS)).compress(toCompressionOptions(fields, 50));
}

function bareLoop(source, encode = (pipeline) => pipeline.jpeg({ quality: 50 })) {
  return () => encode(sharp(source, { failOn: 'error' }).autoOrient()).toBuffer();
}

async function measuringLoop(source) {
  const one = await pixels(source);
  return similarity(lookOf(one), lookOf(await pixels(await bareLoop(source)())));
}

/**
 * Milliseconds of each work, round by round. They take turns, each time in another order, so that whatever else the
 * machine does hits all of them.
 */
async function inTurns(works, count) {
  const times = works.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < works.length; turn++) {
      const i = (round + turn) % works.length;
      times[i][round] = await run(works[i], count);
    }
  }
  return times;
}

function ratio(one, other) {
  return median(one.map((ms, round) => ms / other[round]));
}

async function run(work, count) {
  let left = count;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await work();
    }),
  );
  return performance.now() - began;
}

function samplePhoto(width, height) {
  const name = process.env.PHOTO ?? new URL('../src/samples/notebook-cover.jpg', import.meta.url).pathname;
  return sharp(readFileSync(name)) // from memory: the engine blocks all other loaders
    .resize(width, height)
    .jpeg({ quality: 90 });
}

async function pixels(source) {
  const { data, info } = await sharp(source).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Those that the engine and sharp can read. */
async function readImages() {
  const found = [];
  for (const name of readdirSync(FOLDER)) {
    const file = path.join(FOLDER, name);
    if (!statSync(file).isFile() || !/\.(jpe?g|png|webp|avif|gif|tiff?)$/i.test(name)) continue;
    const source = readFileSync(file);
    try {
      await compress(source, {});
      found.push({ name, file, source });
    } catch {
      console.log(`left out: ${name}`);
    }
  }
  return found;
}

/** Bytes and similarity of the images that every method can read; `format` is Pillow's name for it, or none to keep it. */
async function compare(format, settings) {
  const methods = [];
  for (const fields of settings) methods.push(await ours(fields));
  methods.push(...pillow(format));
  const judged = await Promise.all(methods.map(({ outputs }) => Promise.all(outputs.map(judge))));
  const common = images.map((_, index) => index).filter((index) => judged.every((each) => each[index]));
  const source = sum(common.map((index) => images[index].source.length));
  console.log(`\n${format || 'Each in its format'}: ${common.length} images, ${kilobytes(source)}`);
  for (const [method, { title, seconds }] of methods.entries()) {
    const results = common.map((index) => judged[method][index]);
    const bytes = sum(results.map((result) => result.bytes));
    const alike = sum(results.map((result) => result.alike)) / common.length;
    print(title, bytes, alike, `${seconds.toFixed(1)} s for all`);
  }
}

async function ours(fields) {
  const began = performance.now();
  const outputs = [];
  for (const { source } of images) outputs.push((await compress(source, fields)).data);
  return { title: JSON.stringify(fields), outputs, seconds: (performance.now() - began) / 1000 };
}

/** As scripts do it: quality 50. */
function pillow(format) {
  const python = ['python3', '/usr/bin/python3'].find((name) => {
    try {
      execFileSync(name, ['-c', 'import PIL'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (!python) {
    console.log('Pillow: not installed, left out');
    return [];
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-bench-'));
  try {
    const input = JSON.stringify({ folder, format, files: images.map(({ file }) => file) });
    const began = performance.now();
    const written = JSON.parse(execFileSync(python, ['-c', PILLOW], { input }).toString());
    const seconds = (performance.now() - began) / 1000;
    return [
      { title: 'Pillow, quality 50', outputs: written.map((file) => file && readFileSync(file)), seconds },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All methods by the same measure; null where there is nothing to compare. */
async function judge(output, index) {
  if (!output) return null;
  const [one, other] = [await upright(images[index].source), await upright(output)];
  if (one.width !== other.width || one.height !== other.height) return null;
  return { bytes: output.length, alike: similarity(lookOf(one), lookOf(other)) };
}

async function upright(source) {
  const pipeline = sharp(source, { failOn: 'none', limitInputPixels: MAX_PIXELS }).autoOrient();
  const { data, info } = await pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function print(title, bytes, alike, rest) {
  console.log(`${title.padEnd(36)} ${kilobytes(bytes).padStart(9)}, similarity ${alike.toFixed(4)}, ${rest}`);
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`;
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)].toFixed(2);
}
