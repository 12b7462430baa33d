import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that Linux gives to who asks for any, and to who calls somebody. */
const [FIRST_PORT, LAST_PORT] = [10_000, 32_000];

/**
 * A port of 127.0.0.1 that nobody listens on, and that the system gives to nobody before its server has begun.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
