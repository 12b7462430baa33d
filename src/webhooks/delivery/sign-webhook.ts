import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;
/** What the specification allows. */
const FEWEST_BYTES = 24;
const MOST_BYTES = 64;

/** One try of a delivery, as it goes out. */
export interface WebhookMessage {
  /** The same on every try of an event. */
  id: string;
  /** Unix time of this try, in seconds. */
  timestamp: number;
  /** Byte for byte what is sent. */
  body: string;
}

/**
 * The headers by which a receiver knows that a message is ours and recent (https://www.standardwebhooks.com): one
 * signature for each secret, so that during a rotation receivers with the old one and with the new one both accept it.
 */
export function webhookHeaders(
  secrets: string[],
  { id, timestamp, body }: WebhookMessage,
): Record<string, string> {
  const signatures = secrets.map((secret) => `v1,${signature(secret, `${id}.${timestamp}.${body}`)}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

/** `whsec_` and 32 random bytes, or those given, in base64. */
export function webhookSecret(bytes: Uint8Array = randomBytes(SECRET_BYTES)): string {
  return PREFIX + Buffer.from(bytes).toString('base64');
}

/** Whether `text` is `whsec_` and the standard base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  const key = keyOf(text);
  return key.length >= FEWEST_BYTES && key.length <= MOST_BYTES && PREFIX + key.toString('base64') === text;
}

function signature(secret: string, content: string): string {
  return createHmac('sha256', keyOf(secret)).update(content).digest('base64');
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}
