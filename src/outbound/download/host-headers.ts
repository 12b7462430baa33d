import { parseUrl } from '../urls/parse-url.js';

/** Request headers for images behind a login, with their names in lower case, by the host that gets them. */
export type HostHeaders = Record<string, Record<string, string>>;

/** The headers that a user may set. */
export const OWN_HEADERS = ['referer', 'authorization', 'cookie', 'user-agent'] as const;

/**
 * The name of a host as {@link headersFor} knows it: lower case, with its port unless that is 80 or 443. Null where `text`
 * is no host. A whole address counts as its host.
 */
export function hostKey(text: string): string | null {
  const url = parseUrl(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  if (!url || url.username || url.password || url.pathname !== '/' || url.search || url.hash) return null;
  return url.host.replace(/:443$/, '');
}

/**
 * The user's own headers for one URL of a chain of redirects: those of its very host and port. An entry without a port
 * holds for every port of the host that the user's own URL, the `first` of the chain, names; a redirect to another port does
 * not get them.
 */
export function headersFor(url: URL, first: URL, headers: HostHeaders = {}): Record<string, string> {
  const of = (host: string) => (Object.hasOwn(headers, host) ? headers[host] : undefined);
  return of(url.host) ?? (url.host === first.host ? of(url.hostname) : undefined) ?? {};
}
