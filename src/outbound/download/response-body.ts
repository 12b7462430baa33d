import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { OutboundError } from '../../errors/app-error.js';
import { connectionError } from '../outbound-failure.js';

/** Milliseconds without a single byte after which a body is given up. */
export const IDLE_TIMEOUT_MS = 10_000;

/**
 * Bytes that may come beside those of a body, and as many more as the body has. Each chunk costs 1.1 µs of the main
 * thread: an endless file in chunks of one byte took 15 s of it within a deadline of 20 s.
 */
const MAX_FRAMING_BYTES = 1024 * 1024;

/** Milliseconds that {@link readStart} waits: what it reads is only wanted if it comes with the headers. */
const START_TIMEOUT_MS = 2_000;

/**
 * The chunks as they come, counted. Leaving early ends their source.
 * @throws OutboundError `DOWNLOAD_TOO_LARGE`
 */
export async function* bounded(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

/** The failure of a body of more than `maxBytes`. */
export function tooLarge(maxBytes: number): OutboundError {
  return new OutboundError(
    'DOWNLOAD_TOO_LARGE',
    `The file has more than the ${maxBytes.toLocaleString('en')} bytes that are taken.`,
  );
}

/**
 * At most the first `maxBytes` of a body that nothing depends on; never fails. A body that ends within the limit
 * leaves its connection to the next request, any other closes it.
 */
export async function readStart(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), START_TIMEOUT_MS);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } catch {
    // The status line has told what matters; a body that breaks off changes nothing about it.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/**
 * The chunks of a body, as long as they come. Leaving early closes the connection.
 * @throws OutboundError `TIMEOUT` (idle), `CONNECTION_FAILED` (ended before its declared length), `RESPONSE_INVALID`
 * (also for chunks so small that their lengths outweigh them)
 */
export async function* untilIdle(body: IncomingMessage): AsyncGenerator<Buffer> {
  const timer = setTimeout(() => body.destroy(idle()), IDLE_TIMEOUT_MS);
  const { socket } = body;
  const readBefore = socket.bytesRead;
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (socket.bytesRead - readBefore > 2 * bytes + MAX_FRAMING_BYTES) throw tinyChunks();
      yield chunk;
      timer.refresh();
    }
  } catch (error) {
    throw endedEarly(body, bytes, error) ?? connectionError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Where the connection ended before the announced length: that, with the figures. */
function endedEarly(body: IncomingMessage, bytes: number, error: unknown): OutboundError | undefined {
  const announced = Number(body.headers['content-length']);
  if (!(bytes < announced) || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') return undefined;
  const [came, all] = [bytes, announced].map((count) => count.toLocaleString('en'));
  const message = `The server ended the connection after ${came} of the ${all} bytes that it had announced.`;
  return new OutboundError('CONNECTION_FAILED', message, { cause: error });
}

function tinyChunks(): OutboundError {
  return new OutboundError('RESPONSE_INVALID', 'The server sent the file in too many tiny chunks.');
}

function idle(): OutboundError {
  const message = `The server sent nothing for ${IDLE_TIMEOUT_MS / 1000} s.`;
  return new OutboundError('TIMEOUT', message);
}
