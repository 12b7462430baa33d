import { useEffect, useState } from 'preact/hooks';
import type { CallError } from '../api/errors.ts';
import { Problem } from '../parts/problem.tsx';
import { useStore } from '../state/store.ts';
import { addWebhook, hideDeliveries, listWebhooks, type WebhookFields } from '../state/webhooks/webhooks.ts';
import { texts } from '../texts.ts';
import { WebhookCard } from './webhook-card.tsx';
import { WebhookForm } from './webhook-form.tsx';

/** Who is told when a file is done. */
export function WebhooksPage() {
  const { items, isLoading, error } = useStore(({ webhooks }) => webhooks);
  const mayWrite = useStore((state) => state.mayWrite);
  useEffect(() => {
    void listWebhooks();
    return hideDeliveries;
  }, []);
  return (
    <div class="stack">
      <div>
        <h1>{texts.webhooks.title}</h1>
        <p class="lead">{texts.webhooks.lead}</p>
      </div>
      {mayWrite && <NewWebhook />}
      {error && <Problem error={error} again={() => void listWebhooks()} />}
      {!error && items.length === 0 && <p class="empty">{isLoading ? texts.loading : texts.webhooks.none}</p>}
      <ul class="webhooks">
        {items.map((webhook) => (
          <li key={webhook.id}>
            <WebhookCard webhook={webhook} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const NEW: WebhookFields = {
  url: '',
  description: '',
  eventTypes: ['request.processing', 'request.completed', 'request.cancelled'],
};

/** Adding one empties the form for the next. */
function NewWebhook() {
  const [added, setAdded] = useState(0);
  const add = async (fields: WebhookFields): Promise<CallError | null> => {
    const error = await addWebhook(fields);
    if (!error) setAdded(added + 1);
    return error;
  };
  return (
    <div class="card">
      <WebhookForm key={added} given={NEW} label={texts.webhooks.add} send={add} />
    </div>
  );
}
