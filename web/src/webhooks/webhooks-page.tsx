import { useEffect, useState } from 'preact/hooks';
import type { CallError } from '../api/errors.ts';
import { Problem } from '../parts/problem.tsx';
import { useStore } from '../state/store.ts';
import { addWebhook, hideDeliveries, listWebhooks } from '../state/webhooks.ts';
import { texts } from '../texts.ts';
import { WebhookCard } from './webhook-card.tsx';

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

function NewWebhook() {
  const [url, setUrl] = useState('');
  const [description, setDescription] = useState('');
  const [error, setError] = useState<CallError | null>(null);
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wrong = await addWebhook(url.trim(), description.trim());
    setError(wrong);
    if (wrong) return;
    setUrl('');
    setDescription('');
  };
  return (
    <form class="card stack" onSubmit={(event) => void add(event)}>
      <div class="toolbar">
        <label class="field grow">
          {texts.webhooks.url}
          <input type="url" required value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
        </label>
        <label class="field">
          {texts.webhooks.description}
          <input value={description} onInput={(event) => setDescription(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          {texts.webhooks.add}
        </button>
      </div>
      {error && <Problem error={error} />}
    </form>
  );
}
