import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { endless } from './endless.js';

/** What the tests allow a download. */
export const MAX_BYTES = 4 * 1024 * 1024;
/** The body of `/photo`. */
export const photo = randomBytes(3 * 1024 * 1024);
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));

/** The first lines of an answer, with the empty one behind them. */
export const head = (status: string, ...headers: string[]) =>
  [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');

/** What each path of the origin does with its socket. */
export const BEHAVIOURS: Record<string, (socket: Socket, request: string) => void> = {
  '/photo': (socket) => {
    socket.write(
      head(
        '200 OK',
        `Content-Length: ${photo.length}`,
        'ETag: "v1"',
        'Last-Modified: Sat, 31 Jan 2026 12:00:00 GMT',
        'Content-Type: image/jpeg',
      ),
    );
    socket.write(photo);
  },
  '/small': (socket) => socket.write(head('200 OK', 'Content-Length: 5') + 'small'),
  '/203': (socket) => socket.write(head('203 Transformed', 'Content-Length: 5') + 'small'),
  '/until-close': (socket) => socket.end(head('200 OK', 'Connection: close') + 'small'),
  '/mislabelled': (socket) =>
    socket.write(head('200 OK', 'Content-Length: 5', 'Content-Encoding: aws-chunked') + 'small'),
  '/echo': (socket, request) => {
    socket.write(head('200 OK', `Content-Length: ${request.length}`));
    socket.write(Buffer.from(request, 'latin1'));
  },
  '/silent': () => undefined,
  '/drip': (socket) => {
    socket.write(head('200 OK', 'Content-Length: 100000'));
    endless(socket, 'x', 100);
  },
  '/drip-headers': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    endless(socket, 'X-A: b\r\n', 100);
  },
  '/stall': (socket) => socket.write(head('200 OK', 'Content-Length: 100') + 'half'),
  '/stall-large': (socket) => {
    socket.write(head('200 OK', `Content-Length: ${photo.length + 1}`));
    socket.write(photo);
  },
  '/endless': (socket) => {
    socket.write(head('200 OK', 'Transfer-Encoding: chunked'));
    endless(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
  },
  '/one-byte-chunks': (socket) => {
    socket.write(head('200 OK', 'Transfer-Encoding: chunked'));
    socket.write('1\r\nx\r\n'.repeat(100_000) + '0\r\n\r\n');
  },
  '/declares-too-much': (socket) => socket.write(head('200 OK', `Content-Length: ${MAX_BYTES + 1}`)),
  '/shorter': (socket) => socket.end(head('200 OK', 'Content-Length: 100') + 'short'),
  '/longer': (socket) => socket.write(head('200 OK', 'Content-Length: 5') + 'small and some more'),
  '/two-lengths': (socket) =>
    socket.write(head('200 OK', 'Content-Length: 5', 'Content-Length: 6') + 'small!'),
  '/no-last-chunk': (socket) => socket.end(head('200 OK', 'Transfer-Encoding: chunked') + '5\r\nsmall\r\n'),
  '/bomb': (socket) => {
    socket.write(head('200 OK', 'Content-Encoding: gzip', `Content-Length: ${bomb.length}`));
    socket.write(bomb);
  },
  '/reset': (socket) => {
    socket.write(head('200 OK', `Content-Length: ${photo.length + 1}`));
    socket.write(photo, () => socket.resetAndDestroy());
  },
  '/reset-at-once': (socket) => socket.resetAndDestroy(),
  '/megabyte-of-headers': (socket) => socket.write(head('200 OK', `X-Large: ${'x'.repeat(1024 * 1024)}`)),
  '/not-http': (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  '/empty': (socket) => socket.write(head('200 OK', 'Content-Length: 0')),
  '/429': (socket) => socket.write(head('429 Too Many Requests', 'Retry-After: 7', 'Content-Length: 0')),
  '/404-endless': (socket) => {
    socket.write(head('404 Not Found', 'Transfer-Encoding: chunked'));
    endless(socket, '5\r\nsorry\r\n');
  },
  '/404-drip': (socket) => {
    socket.write(head('404 Not Found', 'Transfer-Encoding: chunked'));
    endless(socket, '1\r\nx\r\n', 100);
  },
  '/302-nowhere': (socket) => socket.write(head('302 Found', 'Content-Length: 0')),
  '/302-raw': (socket) =>
    socket.write(Buffer.from(head('302 Found', 'Location: /gr\u00f6\u00dfe x', 'Content-Length: 0'))),
  '/gr%C3%B6%C3%9Fe%20x': (socket) => socket.write(head('200 OK', 'Content-Length: 5') + 'small'),
};
for (const status of [204, 205, 206, 304, 400, 401, 403, 404, 408, 410, 425, 451, 500, 503]) {
  const hasBody = status !== 204 && status !== 304;
  BEHAVIOURS[`/${status}`] = (socket) =>
    socket.write(
      head(`${status} Status`, ...(hasBody ? ['Content-Length: 5'] : [])) + (hasBody ? 'small' : ''),
    );
}
