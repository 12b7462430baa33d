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
    created_before: dayBefore ? new Date(`${dayBefore}T23:59:59.999`).toISOString() : undefined,
  };
}

/** Reads the first page of the requests that fit the filter. */
export async function listRequests(filter: URLSearchParams): Promise<void> {
  update({ list: { ...current().list, isLoading: true, error: null } });
  await readPage(filter, undefined);
}

/** Reads the page behind those that are shown. */
export async function listMore(filter: URLSearchParams): Promise<void> {
  const { cursor } = current().list;
  if (cursor) await readPage(filter, cursor);
}

async function readPage(filter: URLSearchParams, cursor: string | undefined): Promise<void> {
  const query = { ...queryOf(filter), limit: PAGE, cursor };
  const { data, error } = await outcomeOf(api.GET('/requests', { params: { query } }));
  const { list } = current();
  if (!data) return update({ list: { ...list, isLoading: false, error } });
  const items = cursor ? [...list.items, ...data.items] : data.items;
  update({ list: { items, cursor: data.next_cursor, isLoading: false, error: null } });
}
