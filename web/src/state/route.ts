import { focusTitle } from '../parts/focus-title.ts';
import { update } from './store.ts';

export type View = 'start' | 'preview' | 'request' | 'history' | 'webhooks';

/** Where the user is. The whole of it stands in the address, behind `#`, so that it can be sent to others. */
export interface Route {
  view: View;
  /** Of the request that is shown. */
  id: string;
  filter: URLSearchParams;
}

/** `#/`, `#/new`, `#/requests`, `#/requests/<id>`, `#/webhooks`, each with `?filter`; anything else is the start. */
export function readRoute(hash: string = location.hash): Route {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first, id = ''] = path.split('/');
  const filter = new URLSearchParams(query);
  if (first === 'requests') return { view: id ? 'request' : 'history', id, filter };
  if (first === 'webhooks') return { view: 'webhooks', id: '', filter };
  return { view: first === 'new' ? 'preview' : 'start', id: '', filter };
}

/** Goes to an address such as `/requests`. */
export function go(path: string): void {
  location.hash = path;
}

/** Puts a filter into the address, without a step in the browser's history. Empty values are left out. */
export function setFilter(changes: Record<string, string>): void {
  const { view, id, filter } = readRoute();
  for (const [name, value] of Object.entries(changes)) {
    if (value) filter.set(name, value);
    else filter.delete(name);
  }
  const path = view === 'history' ? '/requests' : `/requests/${id}`;
  const query = filter.size > 0 ? `?${filter}` : '';
  history.replaceState(null, '', `#${path}${query}`);
  update({ route: readRoute() });
}

/** Follows the address from now on. What was read aloud on one page is not found by whoever reads the next. */
export function followAddress(): void {
  addEventListener('hashchange', () => {
    update({ route: readRoute(), announcement: '' });
    scrollTo(0, 0);
    focusTitle();
  });
}
