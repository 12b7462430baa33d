// What the bench compares the service with, in a process of its own: a loop of sharp over files in memory, and the script
// that a user would write instead.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';

const AHEAD = 32;
const AT_ONCE = availableParallelism() + 1;

process.once('message', async ({ kind, urls, files, results, warmUp }) => {
  const pictures = files.map((file) => readFileSync(file));
  const work = {
    loop: (_, index) => compressed(pictures[index % pictures.length]),
    script: async (url, index) => {
      const source = Buffer.from(await (await fetch(url)).arrayBuffer());
      await writeFile(path.join(results, String(index)), await compressed(source));
    },
  }[kind];
  await inParallel(urls.slice(0, warmUp), kind === 'loop' ? AT_ONCE : AHEAD, work);
  const cpu = process.cpuUsage();
  const began = performance.now();
  await inParallel(urls, kind === 'loop' ? AT_ONCE : AHEAD, work);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  process.send({ seconds, cpuSeconds: (user + system) / 1e6 });
});

/** With the settings of our default. */
async function compressed(source) {
  const pipeline = sharp(source).autoOrient();
  const { format } = await pipeline.metadata();
  const settings = {
    jpeg: { quality: 50, quantisationTable: 2 },
    webp: { quality: 50 },
    png: { palette: true, quality: 50 },
  }[format];
  return pipeline.toFormat(format, settings).toBuffer();
}

async function inParallel(items, most, work) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
}
