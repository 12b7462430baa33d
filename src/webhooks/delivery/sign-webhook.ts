import { createHmac } from 'node:crypto';
import { signingKeyOf } from '../subscriptions/webhook-secret.js';

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
 * The headers by which a receiver verifies a message and its age (https://www.standardwebhooks.com): one signature for
 * each secret, so that during a rotation receivers with the old secret and with the new one both accept it.
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

function signature(secret: string, content: string): string {
  return createHmac('sha256', signingKeyOf(secret)).update(content).digest('base64');
}
