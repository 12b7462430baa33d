import { toUSVString } from 'node:util';
import { parseUrl } from '../../outbound/urls/parse-url.js';
import type { CsvRepairCode } from '../csv-faults.js';
import { IMAGE_ENDING, isQuote, tidied } from './characters.js';
import { hintOn } from './url-hints.js';

/** A text of a cell as an address that can be fetched, and what had to be done for that. */
export interface MendedUrl {
  url: string;
  repairs: CsvRepairCode[];
}

/** Why a text is no address; the hint is undefined where that is plain. */
export interface NoUrl {
  url: null;
  hint?: string;
}

/** Not `https:///a.jpg`: a browser would take the file's name for the host. */
const HTTP_START = /^https?:\/\/(?!\/)/i;
const NEVER_IN_A_URL = /[\t\n\v\f\r\\"<>\p{Cc}\u2028\u2029]/u;
const DOUBLED_SCHEME = /^(?:https?:\/\/)+(?=https?:\/\/)/i;
/** `//images.example.com/a.jpg`, but not `//server/share`: a host has a dot or a port. */
const PROTOCOL_RELATIVE = /^\/\/[^/?#\s.:]*[.:][^/?#\s]*/;
/** `&amp;`, `&#38;`, `&#x26;`, also where one was made of another. */
const AMPERSAND = /&(?:(?:amp|#0{0,8}38|#x0{0,8}26);)+/gi;
const AUTHORITY = /^https?:\/\/[^/?#]*/i;
const TO_ENCODE = /[^\x21-\x7e]+/g;
/** A blank behind the name of an image file, in a path. */
const BEHIND_FILE_NAME = new RegExp(`^[^?#]*?\\.(?:${IMAGE_ENDING})\\s`, 'i');
const ENDS_AS_FILE = new RegExp(`\\.(?:${IMAGE_ENDING})(?:[?#]|$)`, 'i');

/** Texts this many times longer than an address may be are not looked at any closer. */
const MAX_SURPLUS = 4;

/**
 * Reads one address as people write them: quotes around it are taken off, `&amp;` becomes `&`, one of two schemes goes, a missing
 * scheme comes, blanks and letters beyond ASCII are percent-encoded. A mended address needs no mending.
 *
 * @param scheme the scheme of an address that begins with `//`
 * @param maxLength characters of an address
 */
export function mendUrl(text: string, scheme: string, maxLength: number): MendedUrl | NoUrl {
  const tooLong = { url: null, hint: `An address may have ${maxLength} characters.` };
  if (text.length > MAX_SURPLUS * maxLength) return tooLong;
  const repairs: CsvRepairCode[] = [];
  let url = text;
  const step = (code: CsvRepairCode, next: string) => {
    if (next !== url) repairs.push(code);
    url = next;
  };
  if (url.includes('&')) step('URL_ENTITY_DECODED', url.replace(AMPERSAND, '&'));
  if (PROTOCOL_RELATIVE.test(url)) step('URL_SCHEME_ADDED', scheme + url);
  step('URL_SCHEME_REPEATED', url.replace(DOUBLED_SCHEME, ''));
  if (!HTTP_START.test(url)) return url.length > maxLength ? tooLong : { url: null, hint: hintOn(url) };
  if (NEVER_IN_A_URL.test(url)) return { url: null, hint: hintOn(url) };
  if (BEHIND_FILE_NAME.test(url) && !ENDS_AS_FILE.test(url.replace(BEHIND_FILE_NAME, ''))) {
    return { url: null, hint: 'There is other text behind the address; remove it.' };
  }
  const parsed = parseUrl(url);
  if (!parsed) return url.length > maxLength ? tooLong : { url: null };
  if (parsed.username || parsed.password) {
    return { url: null, hint: 'An address must not carry a user name or password.' };
  }
  const sent = encoded(url, parsed);
  // Too long only because of that, it stays as it is: the downloader encodes it, too.
  if (sent.length <= maxLength || /\s/.test(url)) step('URL_CHARACTERS_ENCODED', sent);
  return url.length > maxLength ? tooLong : { url, repairs };
}

/** As browsers send it. What is ASCII stays as it is, a single `%` too. */
function encoded(url: string, parsed: URL): string {
  const [authority] = AUTHORITY.exec(url)!;
  const host = /^[\x21-\x7e]*$/.test(authority) ? authority : `${parsed.protocol}//${parsed.host}`;
  return host + url.slice(authority.length).replace(TO_ENCODE, (run) => encodeURIComponent(toUSVString(run)));
}

/** Without the quotes around it, of any language; the text itself where there are none. */
export function withoutQuotes(text: string): string {
  if (!isQuote(text[0])) return text;
  return tidied(text.length > 1 && isQuote(text[text.length - 1]) ? text.slice(1, -1) : text);
}
