import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * Passes connections on to the server of a URL until it is cut: then all of them break, and new ones are refused. While it
 * is frozen, they stay open and nothing comes through, not even that an end was closed.
 */
export async function cuttableProxy(
  target: URL,
): Promise<{ url: URL; freeze(): void; cut(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(Number(target.port || DEFAULT_PORTS[target.protocol]), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [near, far].forEach((each) => each.destroy()));
    }
    if (isFrozen) return;
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url,
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}

const DEFAULT_PORTS: Record<string, number> = { 'redis:': 6379, 'mysql:': 3306, 'mariadb:': 3306 };
