import { focusPart } from '../../parts/focus-title.ts';
import { api, type Delivery, type EventType, outcomeOf, type Webhook } from '../../api/client.ts';
import type { CallError } from '../../api/errors.ts';
import { texts } from '../../texts.ts';
import type { Webhooks } from './no-webhooks.ts';
import { announce, notify } from '../notices.ts';
import { current, update } from '../store.ts';

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
  change({ secrets: new Map(current().webhooks.secrets).set(data.id, data.secret) });
  await listWebhooks();
  requestAnimationFrame(() => goToSecret(data.id));
  return null;
}

/** It is never shown again. */
function goToSecret(id: string): void {
  const element = document.getElementById(`secret-${id}`);
  element?.scrollIntoView({ block: 'center' });
  if (element) focusPart(element);
}

/** Takes a secret from the page. */
export function dismissSecret(id: string): void {
  const secrets = new Map(current().webhooks.secrets);
  secrets.delete(id);
  change({ secrets });
}

/** @returns what was wrong with it, or null */
export async function changeWebhook(id: string, fields: WebhookFields): Promise<CallError | null> {
  const params = { path: { id } };
  const { error } = await outcomeOf(api.PATCH('/webhooks/{id}', { params, body: bodyOf(fields) }));
  if (error) return error;
  announce(texts.webhooks.saved);
  await listWebhooks();
  return null;
}

/** Starts or stops a webhook; one that the service has disabled starts again. */
export async function setActive({ id, url }: Webhook, active: boolean): Promise<void> {
  const { error } = await outcomeOf(
    api.PATCH('/webhooks/{id}', { params: { path: { id } }, body: { active } }),
  );
  if (!isFine(error)) return;
  announce(active ? texts.webhooks.isStarted(url) : texts.webhooks.isStopped(url));
  await listWebhooks();
}

export async function removeWebhook({ id, url }: Webhook): Promise<void> {
  const { error } = await outcomeOf(api.DELETE('/webhooks/{id}', { params: { path: { id } } }));
  if (!isFine(error)) return;
  announce(texts.webhooks.isRemoved(url));
  dismissSecret(id);
  await listWebhooks();
}

/** Sends a ping, and shows what became of it. */
export async function testWebhook({ id, url }: Webhook): Promise<void> {
  const { error } = await outcomeOf(api.POST('/webhooks/{id}/test', { params: { path: { id } } }));
  if (!isFine(error)) return;
  announce(texts.webhooks.isTested(url));
  await showDeliveries(id, ([last]) =>
    last && isOver(last) ? texts.webhooks.testEnded(...outcomeIn(last)) : null,
  );
}

/** Sends one again, and says what came of this try: where it failed, others may follow. */
export async function redeliver(webhookId: string, { id, tries }: Delivery): Promise<void> {
  const params = { path: { delivery_id: id } };
  const { error } = await outcomeOf(api.POST('/webhooks/deliveries/{delivery_id}/redeliver', { params }));
  if (!isFine(error)) return;
  announce(texts.webhooks.isSentAgain);
  await showDeliveries(webhookId, (deliveries) => {
    const again = deliveries.find((each) => each.id === id);
    const isTried = again && again.tries.length > tries.length && again.status !== 'sending';
    return isTried ? texts.webhooks.sentAgainEnded(...outcomeIn(again)) : null;
  });
}

const isOver = ({ status }: Delivery): boolean => status === 'delivered' || status === 'failed';

const outcomeIn = (delivery: Delivery): [isDelivered: boolean, answer: string] => [
  delivery.status === 'delivered',
  texts.webhooks.answerTo(delivery) ?? '',
];

const ASKED_EVERY_MS = 1000;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Shows the last deliveries of a webhook, and goes on to while one of them is under way.
 * @param tell what is to be read aloud of them, once; null where there is nothing yet
 */
export async function showDeliveries(
  id: string,
  tell?: (deliveries: Delivery[]) => string | null,
): Promise<void> {
  clearTimeout(timer);
  const params = { path: { id }, query: { limit: DELIVERIES } };
  const { data, error } = await outcomeOf(api.GET('/webhooks/{id}/deliveries', { params }));
  if (!isFine(error) || !data) return;
  change({ opened: { id, deliveries: data.items } });
  const told = tell?.(data.items);
  if (told) announce(told);
  if (data.items.every(isOver)) return;
  timer = setTimeout(() => void showDeliveries(id, told ? undefined : tell), ASKED_EVERY_MS);
}

export function hideDeliveries(): void {
  clearTimeout(timer);
  change({ opened: null });
}
