import { api, apiKey, outcomeOf, type Request } from '../api/client.ts';
import { texts } from '../texts.ts';
import { notify, SHOWN_FOR_MS } from './notices.ts';
import { go } from './route.ts';
import { current, update } from './store.ts';

/** Requests that are about to be deleted, each with what keeps it. */
const leaving = new Map<string, () => void>();

/** Takes a request out of the lists, and deletes it when the time to undo that is over. */
export function deleteRequest({ id, file_name: name }: Request): void {
  const timer = setTimeout(() => void carryOut(id), SHOWN_FOR_MS);
  leaving.set(id, () => clearTimeout(timer));
  update({ hidden: new Set(current().hidden).add(id) });
  if (current().route.view === 'request') go('/requests');
  notify(texts.history.deleted(name), () => keep(id));
}

function keep(id: string): void {
  leaving.get(id)?.();
  leaving.delete(id);
  show(id);
}

async function carryOut(id: string): Promise<void> {
  leaving.delete(id);
  const { error } = await outcomeOf(api.DELETE('/requests/{id}', { params: { path: { id } } }));
  if (!error || error.code === 'REQUEST_NOT_FOUND') return;
  show(id);
  notify(error.message || texts.unreachable);
}

function show(id: string): void {
  const hidden = new Set(current().hidden);
  hidden.delete(id);
  update({ hidden });
}

// A page that is closed meanwhile deletes at once: its user has seen that it is deleted.
addEventListener('pagehide', () => {
  for (const id of leaving.keys())
    void fetch(`/requests/${id}`, {
      method: 'DELETE',
      keepalive: true,
      headers: apiKey() ? { 'X-API-Key': apiKey() } : {},
    });
});
