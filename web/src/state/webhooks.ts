import { api, type EventType, outcomeOf } from '../api/client.ts';
import type { CallError } from '../api/errors.ts';
import { texts } from '../texts.ts';
import type { Webhooks } from './no-webhooks.ts';
import { notify } from './notices.ts';
import { current, update } from './store.ts';

const LISTED = 100;
const DELIVERIES = 20;

const change = (changes: Partial<Webhooks>): void =>
  update({ webhooks: { ...current().webhooks, ...changes } });

/** Says what went wrong; gives whether nothing did. */
function isFine(error: CallError | null): boolean {
  if (error) notify(error.message || texts.unreachable);
  return error === null;
}

export async function listWebhooks(): Promise<void> {
  const { data, error } = await outcomeOf(api.GET('/webhooks', { params: { query: { limit: LISTED } } }));
  change({ items: data?.items ?? current().webhooks.items, isLoading: false, error });
}

/** What the user says of a webhook. */
export interface WebhookFields {
  url: string;
  description: string;
  eventTypes: EventType[];
}

const bodyOf = ({ url, description, eventTypes }: WebhookFields) => ({
  url: url.trim(),
  description: description.trim() || null,
  event_types: eventTypes,
});

/** @returns what was wrong with it, or null */
export async function addWebhook(fields: WebhookFields): Promise<CallError | null> {
  const { data, error } = await outcomeOf(api.POST('/webhooks', { body: bodyOf(fields) }));
  if (!data) return error;
  change({ secret: { id: data.id, secret: data.secret } });
  await listWebhooks();
  return null;
}

/** @returns what was wrong with it, or null */
export async function changeWebhook(id: string, fields: WebhookFields): Promise<CallError | null> {
  const params = { path: { id } };
  const { error } = await outcomeOf(api.PATCH('/webhooks/{id}', { params, body: bodyOf(fields) }));
  if (!error) await listWebhooks();
  return error;
}

/** Starts or stops a webhook; one that the service has disabled starts again. */
export async function setActive(id: string, active: boolean): Promise<void> {
  const { error } = await outcomeOf(
    api.PATCH('/webhooks/{id}', { params: { path: { id } }, body: { active } }),
  );
  if (isFine(error)) await listWebhooks();
}

export async function removeWebhook(id: string): Promise<void> {
  const { error } = await outcomeOf(api.DELETE('/webhooks/{id}', { params: { path: { id } } }));
  if (isFine(error)) await listWebhooks();
}

/** Sends a ping, and shows what became of it. */
export async function testWebhook(id: string): Promise<void> {
  const { error } = await outcomeOf(api.POST('/webhooks/{id}/test', { params: { path: { id } } }));
  if (isFine(error)) await showDeliveries(id);
}

export async function redeliver(webhookId: string, deliveryId: string): Promise<void> {
  const params = { path: { delivery_id: deliveryId } };
  const { error } = await outcomeOf(api.POST('/webhooks/deliveries/{delivery_id}/redeliver', { params }));
  if (isFine(error)) await showDeliveries(webhookId);
}

const ASKED_EVERY_MS = 1000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows the last deliveries of a webhook, and goes on to while one of them is under way. */
export async function showDeliveries(id: string): Promise<void> {
  clearTimeout(timer);
  const params = { path: { id }, query: { limit: DELIVERIES } };
  const { data, error } = await outcomeOf(api.GET('/webhooks/{id}/deliveries', { params }));
  if (!isFine(error) || !data) return;
  change({ opened: { id, deliveries: data.items } });
  const isUnderWay = data.items.some(({ status }) => status === 'sending' || status === 'pending');
  if (isUnderWay) timer = setTimeout(() => void showDeliveries(id), ASKED_EVERY_MS);
}

export function hideDeliveries(): void {
  clearTimeout(timer);
  change({ opened: null });
}
