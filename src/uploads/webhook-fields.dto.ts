import { ApiHideProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { AppError } from '../errors/app-error.js';

/** Everything that clients of systems like this one call it. */
export class WebhookFields {
  /**
   * Is called when the request is completed. Also taken as `webhookUrl`, `callback_url`, `callbackUrl`, `notify_url` and
   * `notification_url`, each of them as a form field or as a query parameter.
   */
  @Allow()
  @ApiPropertyOptional({ type: String, example: '' }) // /docs would send any other, and "string" where there is none
  webhook_url?: unknown;

  @Allow()
  @ApiHideProperty()
  webhookUrl?: unknown;

  @Allow()
  @ApiHideProperty()
  callback_url?: unknown;

  @Allow()
  @ApiHideProperty()
  callbackUrl?: unknown;

  @Allow()
  @ApiHideProperty()
  notify_url?: unknown;

  @Allow()
  @ApiHideProperty()
  notification_url?: unknown;
}

/** The names of the fields of {@link WebhookFields}. */
export const WEBHOOK_FIELDS: (keyof WebhookFields)[] = [
  ...(['webhook_url', 'webhookUrl', 'callback_url', 'callbackUrl'] as const),
  ...(['notify_url', 'notification_url'] as const),
];

/** Every webhook URL in the form and in the query of an upload, as it was sent; empty fields are none. */
export function webhookUrlsOf(...sources: (WebhookFields | undefined)[]): string[] {
  const values = sources.flatMap((source) => WEBHOOK_FIELDS.flatMap((name) => source?.[name] ?? []));
  // What is no text (a field named `webhook_url[a]`) becomes one that is no URL, so that it is refused.
  return values.map((value) => (typeof value === 'string' ? value.trim() : '[]')).filter((url) => url !== '');
}

/**
 * The one among them, or null where there is none.
 * @throws AppError `WEBHOOK_URL_CONFLICT` where they differ
 */
export function oneWebhookUrl(urls: string[]): string | null {
  const different = new Set(urls);
  if (different.size > 1) {
    throw new AppError('WEBHOOK_URL_CONFLICT');
  }
  return urls[0] ?? null;
}
