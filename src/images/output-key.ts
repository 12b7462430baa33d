import { createHmac } from 'node:crypto';
import { extensionOf, type ImageFormat } from '../compression/formats/image-format.js';

/** Under which each output is stored. */
const STORED_NAME = 'image';

/** Hexadecimal digits of the digest: 128 bits. */
const DIGITS = 32;

const KEY = /^([0-9a-f]{32})\/[a-z0-9][a-z0-9_-]{0,79}\.[a-z]{3,4}$/;
/** Of versions before keys by content: `<request id>/<image number>-<digest>.<extension>`. */
const OLD_KEY = /^[0-9a-f-]{36}\/(\d+-[0-9a-f]{16})\.[a-z]{3,4}$/;

/**
 * The key under which an output is stored for ever: `<digest>/image.<extension>`. Equal bytes of one owner have equal keys.
 * Without the salt nobody can tell from a key which bytes it is of, or whether somebody has them.
 * @param salt of the owner
 */
export function makeOutputKey(salt: string, data: Buffer, format: ImageFormat): string {
  const digest = createHmac('sha256', salt).update(data).digest('hex').slice(0, DIGITS);
  return `${digest}/${STORED_NAME}.${extensionOf(format)}`;
}

/**
 * The key of the file that an address leads to: whatever name it has there (`namedKey`), the digest and the extension say which
 * file it is.
 */
export function storedKeyOf(key: string): string {
  return KEY.test(key) ? key.replace(/\/.*\./s, `/${STORED_NAME}.`) : key;
}

/**
 * What tells the content of an output from that of every other one (an entity tag without its quotes), by its key; null
 * where the text can't be the key of an output.
 */
export function tagOfOutput(key: string): string | null {
  return KEY.exec(key)?.[1] ?? OLD_KEY.exec(key)?.[1] ?? null;
}
