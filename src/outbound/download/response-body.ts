import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { OutboundError } from '../../errors/app-error.js';
import { connectionError } from '../outbound-failure.js';

/** Milliseconds without a single byte after which a body is given up. */
export const IDLE_TIMEOUT_MS = 10_000;

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
 */
export async function* untilIdle(body: Readable): AsyncGenerator<Buffer> {
  const timer = setTimeout(() => body.destroy(idle()), IDLE_TIMEOUT_MS);
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
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
function endedEarly(body: Readable, bytes: number, error: unknown): OutboundError | undefined {
  const { headers } = body as Partial<IncomingMessage>;
  const announced = Number(headers?.['content-length']);
  if (!(bytes < announced) || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') return undefined;
  const [came, all] = [bytes, announced].map((count) => count.toLocaleString('en'));
  const message = `The server ended the connection after ${came} of the ${all} bytes that it had announced.`;
  return new OutboundError('CONNECTION_FAILED', message, { cause: error });
}

function idle(): OutboundError {
  const message = `The server sent nothing for ${IDLE_TIMEOUT_MS / 1000} s.`;
  return new OutboundError('TIMEOUT', message);
}
