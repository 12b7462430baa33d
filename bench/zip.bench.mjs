// images.zip of 10,000 files of about 19 kB: how fast it is sent, and what memory that takes.
import { once } from 'node:events';
import { createServer } from 'node:http';
import sharp from 'sharp';
import { RunningService } from './helpers/running-service.mjs';

const IMAGES = Number(process.env.BENCH_IMAGES ?? 10_000);
const DIFFERENT = 200;
const ROUNDS = 5;
const ASKED_MB_PER_SECOND = 60;

const pictures = await Promise.all(Array.from({ length: DIFFERENT }, (_, index) => picture(index)));
const origin = createServer((request, response) => {
  response.end(pictures[Number(/\d+/.exec(request.url)[0]) % DIFFERENT]);
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const service = await RunningService.start({ ALLOW_PRIVATE: '127.0.0.1', DOWNLOADS_PER_HOST: '128' });
try {
  const id = await completed(await upload());
  const address = `${service.url}/requests/${id}/images.zip`;
  const before = service.memory().now;
  await service.longestGap();
  for (let round = 0; round < ROUNDS; round++) await measure(address, before);
} finally {
  await service.kill();
  origin.close();
}

/** Compressed at quality 50, it has about 19 kB. */
async function picture(seed) {
  const noise = { type: 'gaussian', mean: 128, sigma: 12 + (seed % 5) };
  const image = sharp({ create: { width: 640, height: 480, channels: 3, background: '#888', noise } });
  return image.jpeg({ quality: 90 }).toBuffer();
}

async function upload() {
  const { port } = origin.address();
  const rows = Array.from({ length: IMAGES }, (_, row) => `${row},P${row},http://127.0.0.1:${port}/${row}`);
  const form = new FormData();
  form.append('file', new Blob([['S. No.,Product Name,Input Image Urls', ...rows].join('\n')]), 'zip.csv');
  const answer = await fetch(`${service.url}/upload`, { method: 'POST', body: form });
  return (await answer.json()).request_id;
}

async function completed(id) {
  for (;;) {
    const { status, counts } = await (await fetch(`${service.url}/requests/${id}`)).json();
    if (status === 'Completed' && counts.done === IMAGES) return id;
    if (status === 'Completed') throw new Error(`only ${counts.done} of ${IMAGES} images are done`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function measure(address, before) {
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, service.memory().now)), 20);
  const cpuBefore = service.cpuSeconds();
  const began = performance.now();
  const answer = await fetch(address);
  let bytes = 0;
  for await (const chunk of answer.body) bytes += chunk.length;
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  if (bytes !== Number(answer.headers.get('content-length'))) throw new Error('cut off');
  const cpu = service.cpuSeconds() - cpuBefore;
  console.log(
    `images.zip, ${IMAGES} files of ${(bytes / IMAGES / 1000).toFixed(1)} kB: ${(bytes / 1e6 / seconds).toFixed(0)} MB/s ` +
      `(asked: ${ASKED_MB_PER_SECOND}), ${(bytes / 1e6 / cpu).toFixed(0)} MB a second of the service's CPU, ` +
      `${(most - before).toFixed(0)} MB more memory, longest event-loop gap ${await service.longestGap()} ms`,
  );
}
