import type { Delivery, Webhook } from '../api/client.ts';
import type { CallError } from '../api/errors.ts';
import { useState } from 'preact/hooks';
import { minute, second } from '../parts/format.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { useStore } from '../state/store.ts';
import {
  changeWebhook,
  hideDeliveries,
  redeliver,
  removeWebhook,
  setActive,
  showDeliveries,
  testWebhook,
  type WebhookFields,
} from '../state/webhooks/webhooks.ts';
import { texts } from '../texts.ts';
import { WebhookForm } from './webhook-form.tsx';
import { WebhookSecret } from './webhook-secret.tsx';

const { webhooks: words } = texts;

/** A webhook, what is sent to it, and what became of that. */
export function WebhookCard({ webhook }: { webhook: Webhook }) {
  const { id, url, description, active, disabled_reason: reason, event_types: types } = webhook;
  const secret = useStore(({ webhooks }) => webhooks.secrets.get(id));
  const deliveries = useStore(({ webhooks }) =>
    webhooks.opened?.id === id ? webhooks.opened.deliveries : null,
  );
  const [isChanging, setIsChanging] = useState(false);
  return (
    <article class="card webhook" aria-label={url}>
      <div class="row">
        <div>
          <h2 class="code webhook-url">{url}</h2>
          {description && <p>{description}</p>}
          <p class="quiet small">{types.map((type) => words.eventNames[type]).join(' · ')}</p>
        </div>
        <WebhookActions
          webhook={webhook}
          isOpen={deliveries !== null}
          isChanging={isChanging}
          change={() => setIsChanging(!isChanging)}
        />
      </div>
      {!active && <p class="bad">{reason?.message ?? words.stopped}</p>}
      {secret && <WebhookSecret webhook={webhook} text={secret} />}
      {isChanging && <Changes webhook={webhook} close={() => setIsChanging(false)} />}
      {deliveries && <Deliveries id={id} deliveries={deliveries} />}
    </article>
  );
}

/** Its address, note and events, to be changed. */
function Changes({ webhook, close }: { webhook: Webhook; close: () => void }) {
  const { id, url, description, event_types: eventTypes } = webhook;
  const send = async (fields: WebhookFields): Promise<CallError | null> => {
    const error = await changeWebhook(id, fields);
    if (!error) close();
    return error;
  };
  const given = { url, description: description ?? '', eventTypes };
  return <WebhookForm given={given} label={words.save} send={send} cancel={close} />;
}

interface WebhookActionsProps {
  webhook: Webhook;
  /** Whether its deliveries are shown. */
  isOpen: boolean;
  isChanging: boolean;
  change: () => void;
}

function WebhookActions({ webhook, isOpen, isChanging, change }: WebhookActionsProps) {
  const { id, url, active } = webhook;
  const mayWrite = useStore((state) => state.mayWrite);
  return (
    <div class="buttons">
      {mayWrite && active && (
        <button type="button" aria-label={words.testNamed(url)} onClick={() => void testWebhook(webhook)}>
          {words.test}
        </button>
      )}
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={words.deliveriesNamed(url)}
        onClick={() => (isOpen ? hideDeliveries() : void showDeliveries(id))}
      >
        {words.deliveries}
      </button>
      {mayWrite && (
        <button type="button" aria-expanded={isChanging} aria-label={words.changeNamed(url)} onClick={change}>
          {words.change}
        </button>
      )}
      {mayWrite && (
        <button
          type="button"
          aria-label={words.actOn(active ? words.stop : words.start, url)}
          onClick={() => void setActive(webhook, !active)}
        >
          {active ? words.stop : words.start}
        </button>
      )}
      {mayWrite && (
        <IconButton
          icon="bin"
          label={words.removeNamed(url)}
          act={() => confirm(words.sure(url)) && void removeWebhook(webhook)}
        />
      )}
    </div>
  );
}

/** Its parts name their roles: on a phone a delivery is a card, and what is no table on the screen is none for some screen readers. */
function Deliveries({ id, deliveries }: { id: string; deliveries: Delivery[] }) {
  if (deliveries.length === 0) return <p class="quiet">{words.noDeliveries}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={words.deliveries}>
      <table class="deliveries" role="table">
        <thead role="rowgroup">
          <tr role="row">
            {[words.when, words.event, words.state, words.answer, words.again].map((name) => (
              <th key={name} scope="col" role="columnheader">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {deliveries.map((delivery) => (
            <DeliveryRow key={delivery.id} webhookId={id} delivery={delivery} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DeliveryRow({ webhookId, delivery }: { webhookId: string; delivery: Delivery }) {
  const mayWrite = useStore((state) => state.mayWrite);
  const { type, status, created_at: at } = delivery;
  return (
    <tr role="row">
      <td role="cell">{minute(at)}</td>
      <td role="cell">{type}</td>
      <td role="cell" class={status === 'failed' ? 'bad' : undefined}>
        {words.states[status]}
      </td>
      <td role="cell">{words.answerTo(delivery)}</td>
      <td role="cell">
        {mayWrite && (status === 'failed' || status === 'delivered') && (
          <button
            type="button"
            aria-label={words.redeliverNamed(type, second(at))}
            onClick={() => void redeliver(webhookId, delivery)}
          >
            {words.redeliver}
          </button>
        )}
      </td>
    </tr>
  );
}
