import { focusPart } from '../parts/focus-title.ts';
import { api, callAtLeave, outcomeOf, type Request } from '../api/client.ts';
import { texts } from '../texts.ts';
import { followRequest } from './follow-request.ts';
import { announce, notify } from './notices.ts';
import { postpone } from './postpone.ts';
import { setFilter } from './route.ts';
import { change, current, update, useStore } from './store.ts';

/** Which failed images are tried again, all unless it says more; and at which addresses in place of theirs. */
export interface Retried {
  images?: string[];
  urls?: Record<string, string>;
}

/** Tries failed images again, and those that were cancelled; then follows the request again. Several can be undone before it begins. */
export function retryImages(id: string, failed: number, body: Retried = {}): void {
  const { shown } = current();
  // Those are tried with whichever failed.
  const count = failed + ((shown?.id === id && shown.request?.counts.cancelled) || 0);
  note(id, true);
  if (count <= 1) {
    announce(texts.failures.retryingOne);
    return void retry(id, count, body).then(() => requestAnimationFrame(goToProgress));
  }
  postpone({
    text: texts.failures.retrying(count),
    act: async () => {
      announce(texts.failures.retryingNow(count));
      await retry(id, count, body);
    },
    leave: () => callAtLeave('POST', `/requests/${id}/retry`, body),
    undo: () => {
      note(id, false);
      announce(texts.failures.notRetried);
    },
    started: goToProgress,
  });
}

/** Goes on with a request that was cancelled: with its open images, and with those that failed before. */
export function goOn({ id, counts }: Request): void {
  announce(texts.failures.goingOn(counts.cancelled, counts.failed));
  void retry(id, counts.cancelled + counts.failed, {}).then(() => requestAnimationFrame(goToProgress));
}

/** @param count of those that are tried: the service tries images of the same URL with them */
async function retry(id: string, count: number, body: Retried): Promise<void> {
  const call = api.POST('/requests/{id}/retry', { params: { path: { id } }, body });
  const { data, error } = await outcomeOf<Request>(call);
  note(id, false); // not before: how many failed is not known anew until then
  if (error) return void notify(error.message || texts.unreachable);
  if (current().shown?.id !== id) return;
  const { pending, processing } = data.counts;
  const triedAgain = Math.max(count, pending + processing);
  change(id, { request: data, failures: [], triedAgain, chosen: new Set() });
  const { view, filter } = current().route;
  // Of the failures that are listed none is left.
  if (view === 'request' && filter.has('code')) setFilter({ show: '', code: '', host: '' });
  followRequest(id);
}

/** What was pressed is gone; what becomes of it is told above. */
function goToProgress(): void {
  const progress = document.querySelector<HTMLElement>('main .progress');
  progress?.scrollIntoView({ block: 'nearest' });
  if (progress) focusPart(progress);
}

function note(id: string, isRetrying: boolean): void {
  const retried = new Set(current().retried);
  if (isRetrying) retried.add(id);
  else retried.delete(id);
  update({ retried });
}

/** Whether failed images of the request that is shown can be tried again now. */
export function useMayRetry(): boolean {
  return useStore(
    ({ shown, mayWrite, retried }) =>
      mayWrite && shown !== null && (shown.request?.is_final ?? false) && !retried.has(shown.id),
  );
}
