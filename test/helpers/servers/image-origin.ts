import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import sharp from 'sharp';

type Reply = Buffer | number | ((request: IncomingMessage, response: ServerResponse) => void);

/** What is answered at each path. */
export type Replies = Record<string, Reply>;

export interface ImageOrigin {
  url(path: string): string;
  /** How often each path was asked for. */
  hits: Record<string, number>;
  close(): Promise<void>;
}

/** A real web server on 127.0.0.1: each path has its bytes, its status, or a handler. Anything else is a 404. */
export async function serveImages(replies: Replies): Promise<ImageOrigin> {
  const hits: Record<string, number> = {};
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0];
    hits[path] = (hits[path] ?? 0) + 1;
    const reply = replies[path] ?? 404;
    if (typeof reply === 'function') reply(request, response);
    else if (typeof reply === 'number') response.writeHead(reply).end();
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(reply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    hits,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A JPEG that compresses like a photo: soft colours under a little noise. `seed` makes it another picture. */
export async function photo(width: number, height: number, seed = 1): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  let random = seed;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      const noise = (random / 2_147_483_648 - 0.5) * 24;
      for (const phase of [0, 2, 4]) {
        const wave = Math.sin((6 * x) / width + phase + seed) * Math.cos((5 * y) / height - phase);
        pixels[at++] = Math.max(0, Math.min(255, 128 + 90 * wave + noise));
      }
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}
