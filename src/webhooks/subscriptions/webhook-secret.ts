import { randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;
/** The bounds of the specification (https://www.standardwebhooks.com). */
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** `whsec_` and 32 random bytes, or those given, in base64. */
export function webhookSecret(bytes: Uint8Array = randomBytes(SECRET_BYTES)): string {
  return PREFIX + Buffer.from(bytes).toString('base64');
}

/** Whether `text` is `whsec_` and the standard base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  const key = signingKeyOf(text);
  return key.length >= MIN_BYTES && key.length <= MAX_BYTES && PREFIX + key.toString('base64') === text;
}

/** The bytes that sign. */
export function signingKeyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}
