import { api, outcomeOf, type RequestOutcome, type RequestStatus } from '../api/client.ts';
import { current, update } from './store.ts';

const PAGE = 20;

/** The filter of the history, as it stands in the address. */
function queryOf(filter: URLSearchParams): Record<string, unknown> {
  const [kind, value] = (filter.get('show') ?? '').split(':');
  const dayAfter = filter.get('from');
  const dayBefore = filter.get('to');
  return {
    status: kind === 'status' ? (value as RequestStatus) : undefined,
    outcome: kind === 'outcome' ? (value as RequestOutcome) : undefined,
    created_after: dayAfter ? new Date(`${dayAfter}T00:00:00`).toISOString() : undefined,
    search: filter.get('search')?.trim() || undefined,
    created_before: dayBefore ? new Date(`${dayBefore}T23:59:59.999`).toISOString() : undefined,
  };
}

/** Raised with each new list: the answer of an earlier one, which may come later, is thrown away. */
let asked = 0;

/** Reads the first page of the requests that fit the filter. */
export async function listRequests(filter: URLSearchParams): Promise<void> {
  asked++;
  update({ list: { ...current().list, isLoading: true, error: null } });
  await readPage(filter, null);
}

/** Reads the page behind those that are shown. */
export async function listMore(filter: URLSearchParams): Promise<void> {
  const { cursor } = current().list;
  if (cursor) await readPage(filter, cursor);
}

/** A search may find nothing on a page and go on behind it: pages are read until there is something to show. */
async function readPage(filter: URLSearchParams, first: string | null): Promise<void> {
  const list = asked;
  const shown = first ? current().list.items : [];
  for (let cursor = first; ;) {
    const query = { ...queryOf(filter), limit: PAGE, cursor: cursor ?? undefined };
    const { data, error } = await outcomeOf(api.GET('/requests', { params: { query } }));
    if (list !== asked) return;
    if (!data) return update({ list: { ...current().list, isLoading: false, error } });
    cursor = data.next_cursor;
    if (data.items.length === 0 && cursor) continue;
    return update({ list: { items: [...shown, ...data.items], cursor, isLoading: false, error: null } });
  }
}
