// Web servers on loopback addresses that serve pictures in turns after a delay, in a process of their own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/** Starts them. Each of `hosts` is an address of this machine; they listen on one free port and serve the files, or a photo. */
export async function startOrigins(hosts, delayMs, files = []) {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify({ hosts, delayMs, files })]);
  const [{ port }] = await once(child, 'message');
  return { port, stop: () => child.kill() };
}

/** A picture of 600×450 that compresses like a photo. */
export async function photo() {
  const [width, height] = [600, 450];
  const pixels = Buffer.alloc(width * height * 3);
  let random = 1;
  for (let at = 0; at < pixels.length; at++) {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    const wave = Math.sin((6 * x) / width + (at % 3)) * Math.cos((5 * y) / height - (at % 3));
    pixels[at] = Math.max(0, Math.min(255, 128 + 90 * wave + (random / 2_147_483_648 - 0.5) * 24));
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}

if (process.send) {
  const { hosts, delayMs, files } = JSON.parse(process.argv[2]);
  const pictures = files.length > 0 ? files.map((file) => readFileSync(file)) : [await photo()];
  let next = 0;
  // Bytes behind the end of a picture are no part of it, but make each file another one.
  const answer = (request, response) => {
    const picture = pictures[next++ % pictures.length];
    setTimeout(() => response.end(Buffer.concat([picture, Buffer.from(request.url)])), delayMs);
  };
  let port = 0;
  for (const host of hosts) {
    const server = createServer(answer).listen(port, host);
    await once(server, 'listening');
    ({ port } = server.address());
  }
  process.send({ port });
}
