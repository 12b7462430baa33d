import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { LenientSocket } from './lenient-socket.js';

const MENDED = 'HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\nbody';

it('gives what came before the connection was closed, however late it is read', async () => {
  const connection = new PassThrough();
  const mended = new LenientSocket(connection);
  connection.end('HTTP/1.1 200 OK\nX Y: z\nA: b\n\nbody');
  await once(connection, 'close');

  expect(await text(mended)).toBe(MENDED);
});

it('finds the end of a header section that comes in pieces of one byte', async () => {
  const connection = new PassThrough();
  const mended = text(new LenientSocket(connection));
  for (const byte of 'HTTP/1.1 200 OK\nX Y: z\nA: b\n\r\r\nbody') connection.write(byte);
  connection.end();

  expect(await mended).toBe(MENDED);
});
