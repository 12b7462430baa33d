/** What a server can be asked by whether it still has the file that it had (RFC 9110, section 13.1). */
export interface Validators {
  /** The URL that answered, after redirects. */
  url: string;
  etag?: string | null;
  lastModified?: string | null;
}

/** A file that has not been changed for so long is not about to be changed again within the same second. */
const SETTLED_AFTER_MS = 60_000;

/** The validators in an answer's headers; none where the server wants nothing of it to be stored. */
export function validatorsOf(headers: Record<string, unknown>): Omit<Validators, 'url'> {
  if (/\bno-store\b/i.test(textOf(headers['cache-control']) ?? '')) return {};
  return {
    etag: etagOf(textOf(headers.etag)),
    lastModified: lastModifiedOf(textOf(headers['last-modified'])),
  };
}

/** The headers that ask for a file only if it has changed: the date only where there is no tag, which is the better one. */
export function conditionsOf({ etag, lastModified }: Validators): Record<string, string> {
  if (etag) return { 'If-None-Match': etag };
  return lastModified ? { 'If-Modified-Since': lastModified } : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function etagOf(text: string | undefined): string | undefined {
  return text && /^(W\/)?"[\x21\x23-\x7e]{1,240}"$/.test(text) ? text : undefined;
}

/** A file that changed twice within a second has one date for both (RFC 9110, section 8.8.2.2). */
function lastModifiedOf(text: string | undefined): string | undefined {
  return Date.parse(text ?? '') < Date.now() - SETTLED_AFTER_MS ? text?.slice(0, 64) : undefined;
}
