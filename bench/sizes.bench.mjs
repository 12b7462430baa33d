// Five JPEG widths of a baseline JPEG of 12 million pixels, decoded once, beside the largest alone, in CPU time.
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { openSource } from '../dist/src/compression/compress.js';
import { decodedOnce, toCompressionOptions } from '../dist/src/compression/options.js';

const WIDTHS = [1600, 1280, 960, 640, 320];
const ROUNDS = 40;
const MAX_PIXELS = 50_000_000;

const sample = new URL('../src/samples/notebook-cover.jpg', import.meta.url).pathname;
const source = await sharp(readFileSync(process.env.PHOTO ?? sample)) // from memory: the engine blocks all other loaders
  .resize(4000, 3000, { fit: 'fill' })
  .jpeg({ quality: 90 })
  .toBuffer();

const optionsOf = (max_width) => toCompressionOptions({ max_width }, 50);
const alone = [optionsOf(WIDTHS[0])];
const together = decodedOnce(WIDTHS.map(optionsOf));
const apart = WIDTHS.map(optionsOf);

const times = { alone: [], together: [], apart: [] };
for (let round = 0; round < ROUNDS; round++)
  for (const [name, all] of Object.entries({ alone, together, apart })) times[name].push(await cpuMs(all));

const least = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, Math.min(...all)]));
console.log(
  `A baseline JPEG of 4000×3000, ${WIDTHS.join(', ')} pixels wide, CPU of the best of ${ROUNDS} rounds:`,
);
console.log(`  the largest alone ${least.alone.toFixed(0)} ms`);
console.log(`  all five, decoded once: ${(least.together / least.alone).toFixed(2)} times as much`);
console.log(`  all five, each by itself: ${(least.apart / least.alone).toFixed(2)} times as much`);

async function cpuMs(all) {
  const before = process.cpuUsage();
  const image = await openSource(source, MAX_PIXELS);
  for (const options of all) await image.compress(options);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
