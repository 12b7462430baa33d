import { BadRequestError } from '../errors.js';

/** What clients of systems like this one call it. */
const NAMES = ['webhook_url', 'webhookUrl', 'callback_url', 'callbackUrl', 'notify_url', 'notification_url'];

/** Every webhook URL in the form and in the query of an upload, as it was sent; empty fields are none. */
export function webhookUrlsOf(...sources: (object | undefined)[]): string[] {
  const values = sources.flatMap((source) =>
    NAMES.flatMap((name) => (source as Record<string, unknown> | undefined)?.[name] ?? []),
  );
  // What is no text (a field named `webhook_url[a]`) becomes one that is no URL, so that it is refused.
  return values.map((value) => (typeof value === 'string' ? value.trim() : '[]')).filter((url) => url !== '');
}

/**
 * The one among them, or null where there is none.
 * @throws BadRequestError `WEBHOOK_URL_CONFLICT` where they differ
 */
export function oneWebhookUrl(urls: string[]): string | null {
  const different = new Set(urls);
  if (different.size > 1) {
    throw new BadRequestError(
      'WEBHOOK_URL_CONFLICT',
      'The upload names several webhook URLs; give one of them.',
    );
  }
  return urls[0] ?? null;
}
