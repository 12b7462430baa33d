import { createHash } from 'node:crypto';
import { extensionOf, type ImageFormat } from '../compression/formats/image-format.js';

const KEY = /^([0-9a-f-]{36})\/(\d+)-([0-9a-f]{16})\.[a-z]{3,4}$/;

/** What the key of an output says. */
export interface OutputKey {
  /** What clients know the request by. */
  requestId: string;
  imageNumber: number;
  /** The first 16 hexadecimal digits of the SHA-256 of the file. */
  digest: string;
}

/**
 * The key under which an output is stored: `<request id>/<image number>-<digest>.<extension>`. It is named by content,
 * so what is stored under a key never changes, not even if two workers store the same image.
 */
export function makeOutputKey(
  requestId: string,
  imageNumber: number,
  data: Buffer,
  format: ImageFormat,
): string {
  const digest = createHash('sha256').update(data).digest('hex').slice(0, 16);
  return `${requestId}/${imageNumber}-${digest}.${extensionOf(format)}`;
}

/** What a key says, or null where the text is none that {@link makeOutputKey} could have made. */
export function readOutputKey(key: string): OutputKey | null {
  const [, requestId, imageNumber, digest] = KEY.exec(key) ?? [];
  return digest === undefined ? null : { requestId, imageNumber: Number(imageNumber), digest };
}
