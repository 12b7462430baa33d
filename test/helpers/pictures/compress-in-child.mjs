// Compresses one file after the other in a process of its own, with a small photo beside it ten times a second, as a
// worker does. Reads `{file, fields}` lines; writes for each how it ended, how long it and the slowest photo took, the
// most memory that the process has taken meanwhile, and by how much that is more than before. Times are those of a
// machine that does nothing else: they shrink by the share of a core that this process did not get.
// `{idle: megabytes}` waits until no more memory than that is left, a minute at most, and writes how much is.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { openSource } from '../../../dist/src/compression/compress.js';
import { toCompressionOptions } from '../../../dist/src/compression/options.js';

const MAX_PIXELS = 50_000_000;
const PHOTO_EVERY_MS = 100;
const photo = await sharp({ create: { width: 600, height: 450, channels: 3, background: '#7090b0' } })
  .jpeg({ quality: 95 })
  .toBuffer();

for await (const line of createInterface({ input: process.stdin })) {
  const { file, fields, idle } = JSON.parse(line);
  if (idle) {
    for (let left = 240; memory('VmRSS') > idle && left > 0; left -= 1) await setTimeout(250);
    console.log(JSON.stringify({ megabytes: memory('VmRSS') }));
    continue;
  }
  writeFileSync('/proc/self/clear_refs', '5'); // from here on VmHWM is the peak of this file
  const before = memory('VmRSS');
  let isOver = false;
  const photos = beside(() => isOver);
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  const end = await compress(readFileSync(file), fields);
  isOver = true;
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpuBegan);
  const share = Math.min(1, (user + system) / 1000 / wallMs);
  const ms = Math.round(wallMs * share);
  const slowestPhotoMs = Math.round((await photos) * share);
  const megabytes = memory('VmHWM');
  console.log(JSON.stringify({ end, ms, slowestPhotoMs, megabytes, grownMegabytes: megabytes - before }));
}

async function compress(source, fields) {
  try {
    const image = await openSource(source, MAX_PIXELS);
    const { data } = await image.compress(toCompressionOptions(fields, 50));
    return data.length <= source.length ? 'done' : 'LARGER';
  } catch (error) {
    return error.code ?? String(error.stack);
  }
}

async function beside(isOver) {
  let slowest = 0;
  while (!isOver()) {
    const began = performance.now();
    await compress(photo, {});
    slowest = Math.max(slowest, performance.now() - began);
    await setTimeout(PHOTO_EVERY_MS);
  }
  return slowest;
}

function memory(name) {
  const [, kilobytes] = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'));
  return Math.round(kilobytes / 1024);
}
