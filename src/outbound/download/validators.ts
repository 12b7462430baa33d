import type { IncomingHttpHeaders } from 'node:http';

/** A file that has not been changed for so long is not about to be changed again within the same second. */
const SETTLED_AFTER_MS = 60_000;

/** Characters of a date that are kept. */
const MAX_DATE_LENGTH = 64;

/** What a server can be asked by whether it still has the file that it had (RFC 9110, section 13.1). */
export interface Validators {
  /** The URL that answered, after redirects. */
  url: string;
  etag?: string | null;
  lastModified?: string | null;
}

/** The validators of an answer; none where it must not be stored. */
export function validatorsOf(headers: IncomingHttpHeaders): Pick<Validators, 'etag' | 'lastModified'> {
  if (/\bno-store\b/i.test(headers['cache-control'] ?? '')) return {};
  return { etag: etagOf(headers.etag), lastModified: lastModifiedOf(headers['last-modified']) };
}

/** The header that asks `url` only for a file that is no longer `known`. */
export function conditions(
  known: Validators | null,
  url: URL,
): { 'if-none-match'?: string; 'if-modified-since'?: string } {
  if (known?.url !== url.href) return {};
  if (known.etag) return { 'if-none-match': known.etag }; // the better one of the two
  return known.lastModified ? { 'if-modified-since': known.lastModified } : {};
}

function etagOf(text: string | undefined): string | undefined {
  return text && /^(W\/)?"[\x21\x23-\x7e]{1,240}"$/.test(text) ? text : undefined;
}

/** A file that changed twice within a second has one date for both (RFC 9110, section 8.8.2.2). */
function lastModifiedOf(text: string | undefined): string | undefined {
  return Date.parse(text ?? '') < Date.now() - SETTLED_AFTER_MS ? text?.slice(0, MAX_DATE_LENGTH) : undefined;
}
