import { api, callAtLeave, outcomeOf, type Request } from '../api/client.ts';
import { texts } from '../texts.ts';
import { announce, notify } from './notices.ts';
import { postpone } from './postpone.ts';
import { go } from './route.ts';
import { current, update } from './store.ts';

/** Takes a request out of the lists, and deletes it when the time to undo that is over. */
export function deleteRequest({ id, file_name: name }: Request): void {
  update({ hidden: new Set(current().hidden).add(id) });
  if (current().route.view === 'request') go('/requests');
  postpone({
    text: texts.history.deleted(name),
    act: () => carryOut(id, name),
    leave: () => callAtLeave('DELETE', `/requests/${id}`),
    undo: () => {
      show(id);
      announce(texts.history.isBack(name));
      requestAnimationFrame(() => document.querySelector<HTMLElement>(`a[href="#/requests/${id}"]`)?.focus());
    },
  });
}

async function carryOut(id: string, name: string): Promise<void> {
  const { error } = await outcomeOf(api.DELETE('/requests/{id}', { params: { path: { id } } }));
  if (!error || error.code === 'REQUEST_NOT_FOUND') {
    announce(texts.history.wasDeleted(name));
    return drop(id);
  }
  show(id);
  notify(error.message || texts.unreachable);
}

/** It is not hidden any more, but gone: a list of none is empty now. */
function drop(id: string): void {
  const { list } = current();
  update({ list: { ...list, items: list.items.filter((each) => each.id !== id) } });
}

function show(id: string): void {
  const hidden = new Set(current().hidden);
  hidden.delete(id);
  update({ hidden });
}
