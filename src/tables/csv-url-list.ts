import { parseUrl } from '../outbound/parse-url.js';
import type { CsvLimits, CsvRepairCode } from './csv-faults.js';

/** The image URLs of a cell, and what else it holds. */
export interface UrlList {
  urls: string[];
  /** Texts that are no URLs, each with what to do about it where that isn't plain. */
  invalid: { text: string; hint?: string }[];
  repair: CsvRepairCode | null;
}

/** Matches where an image URL begins, with whatever quotes, brackets and separators people put before it. */
export const URL_START = /^[\s'"[(|;,]*https?:\/\//i;

/**
 * URLs without anything odd, separated by commas, which is nearly all cells. Ten times faster than parsing; whatever
 * this admits, WHATWG URL admits too: a host of plain labels, the last of which is no number, or four bytes, then no `,` `;` `|`
 * or quotes.
 */
const LABELS = '(?:[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*\\.)+[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z0-9]+)*';
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const PLAIN_URL =
  `https?://(?:${LABELS}|${BYTE}(?:\\.${BYTE}){3})(?::[1-5]?\\d{1,4})?` +
  '(?:[/?#][\\w\\-.~%!$&()*+:=@/?#]*)?';
const PLAIN_LIST = new RegExp(`^${PLAIN_URL}(?:, ?${PLAIN_URL})*$`);
/** Longer lists are read item by item: each pattern sees a text of bounded length. */
const MAX_PLAIN_LIST_LENGTH = 16_384;
const NOTHING_INVALID: UrlList['invalid'] = [];

/** Not `https:///a.jpg`: a browser would take the file's name for the host. */
const HTTP_START = /^https?:\/\/(?!\/)/i;
const NEVER_IN_A_URL = /[\s\\"<>\p{Cc}]/u;
/** Behind the name of an image file, a separator begins something else: `…/a.jpg,b.jpg`, but `…/w_1,h_1/a.jpg`. */
const UP_TO_FILE_NAME =
  /^[^?#]*?\.(?:jpe?g|jfif|png|gif|webp|avif|heic|heif|bmp|tiff?|svg|ico)(?:[,|]|;(?![\w-]+=))/is;

/**
 * Reads a list of URLs as people write them: separated by comma, blank, line end, `|` or `;`, or as a list of
 * Python or JSON. A separator counts only where a scheme such as `https://` follows it, so that commas inside
 * URLs stay. Nothing is taken twice or left out, and the order is kept.
 */
export function readUrlList(text: string, limits: CsvLimits): UrlList {
  if (text.length <= MAX_PLAIN_LIST_LENGTH && PLAIN_LIST.test(text)) {
    const urls = splitAtCommas(text);
    if (text.length <= limits.urlLength || urls.every((url) => url.length <= limits.urlLength)) {
      return { urls, invalid: NOTHING_INVALID, repair: null };
    }
  }
  const list: UrlList = { urls: [], invalid: [], repair: null };
  const items = itemsOfListText(text.trim());
  if (items) list.repair = 'URL_LIST_TEXT';
  for (const item of items ?? [text]) {
    if (!isOverLimit(list, limits)) readItems(item, list, limits);
  }
  return list;
}

/** Without one blank behind each comma. Twice as fast as `split(',')`. */
function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = text.indexOf(','); at !== -1; at = text.indexOf(',', start)) {
    parts.push(text.slice(start, at));
    start = text[at + 1] === ' ' ? at + 2 : at + 1;
  }
  parts.push(start === 0 ? text : text.slice(start));
  return parts;
}

/** `['https://…', 'https://…']` and `["https://…"]`; null if the text is no such list. */
function itemsOfListText(text: string): string[] | null {
  const isList = (text.startsWith('[') && text.endsWith(']')) || (text.startsWith('(') && text.endsWith(')'));
  if (!isList) return null;
  return jsonStrings(text) ?? splitBetweenQuotes(text.slice(1, -1));
}

/** At the commas with a quote on either side, blanks aside. */
function splitBetweenQuotes(text: string): string[] {
  const items: string[] = [];
  let start = 0;
  for (let comma = text.indexOf(','); comma !== -1; comma = text.indexOf(',', comma + 1)) {
    const before = skipWhiteBack(text, comma, start);
    const after = skipWhite(text, comma + 1);
    if (!isQuote(text[before - 1]) || !isQuote(text[after])) continue;
    items.push(text.slice(start, before));
    start = after;
  }
  items.push(text.slice(start));
  return items;
}

function skipWhite(text: string, from: number): number {
  let at = from;
  while (at < text.length && isWhite(text.charCodeAt(at))) at++;
  return at;
}

function skipWhiteBack(text: string, from: number, least: number): number {
  let at = from;
  while (at > least && isWhite(text.charCodeAt(at - 1))) at--;
  return at;
}

function isQuote(char: string | undefined): boolean {
  return char === '"' || char === "'";
}

function jsonStrings(text: string): string[] | null {
  if (!/^\[\s*"/.test(text)) return null;
  try {
    const items: unknown = JSON.parse(text);
    const isStrings = Array.isArray(items) && items.every((item) => typeof item === 'string');
    return isStrings ? (items as string[]) : null;
  } catch {
    return null; // Python's quotes, or none: read as it stands
  }
}

function readItems(text: string, list: UrlList, limits: CsvLimits): void {
  let start = 0;
  // The scheme of the first URL separates nothing: the search begins behind it.
  let scheme = text.indexOf('://', text.startsWith('http') ? 8 : 0);
  while (scheme !== -1) {
    if (isOverLimit(list, limits)) return;
    const end = separatorBefore(text, start, scheme);
    if (end !== -1) {
      noteSeparator(text, end, list);
      addItem(text.slice(start, end), list, limits);
      start = end;
    }
    scheme = text.indexOf('://', scheme + 3);
  }
  addItem(start === 0 ? text : text.slice(start), list, limits);
}

/** Then the row is a fault in any case: what else it holds must not keep the event loop busy. */
function isOverLimit({ urls, invalid }: UrlList, limits: CsvLimits): boolean {
  return urls.length + invalid.length > limits.urlsPerRow;
}

/** Where the item that begins with the scheme at `scheme` begins; -1 if it is inside a URL. */
function separatorBefore(text: string, start: number, scheme: number): number {
  let at = scheme;
  while (at > start && isSchemeCode(text.charCodeAt(at - 1))) at--;
  if (at > start && (text[at - 1] === '"' || text[at - 1] === "'")) at--;
  return at > start && isSeparator(text.charCodeAt(at - 1)) ? at : -1;
}

function isSchemeCode(code: number): boolean {
  const letter = code | 32;
  return (
    (letter >= 97 && letter <= 122) || (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46
  );
}

/** `,` `;` `|` and all that JavaScript calls white space; NaN, from beyond the text, is none. */
function isSeparator(code: number): boolean {
  return code === 44 || code === 59 || code === 124 || isWhite(code);
}

function isWhite(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return code >= 0xa0 && /\s/.test(String.fromCharCode(code));
}

/** Only a list without commas is worth a note: blanks beside a comma are common. */
function noteSeparator(text: string, end: number, list: UrlList): void {
  if (text[end - 1] === ',' || list.repair) return;
  let at = end - 1;
  while (at >= 0 && isSeparator(text.charCodeAt(at))) {
    if (text[at--] === ',') return;
  }
  list.repair = 'URL_SEPARATOR';
}

function addItem(raw: string, list: UrlList, limits: CsvLimits): void {
  const text = tidied(raw);
  if (text === '') return;
  if (text.length <= limits.urlLength && PLAIN_LIST.test(text)) {
    list.urls.push(text);
    return;
  }
  const bare = withoutQuotes(text);
  if (bare !== text) list.repair = 'URL_LIST_TEXT';
  const [first] = UP_TO_FILE_NAME.exec(bare.slice(0, 2 * limits.urlLength)) ?? [];
  if (first !== undefined) list.invalid.push({ text: tidied(bare.slice(first.length)) || bare });
  else if (bare !== '') addUrl(bare, list, limits);
}

function addUrl(text: string, list: UrlList, limits: CsvLimits): void {
  const hint = faultOfUrl(text, limits);
  if (hint === null) list.urls.push(text);
  else list.invalid.push({ text, hint });
}

/** Null if this is a URL that we can fetch; otherwise what is wrong, undefined where that is plain. */
function faultOfUrl(text: string, limits: CsvLimits): string | undefined | null {
  if (text.length > limits.urlLength) return `An address may have ${limits.urlLength} characters.`;
  if (!HTTP_START.test(text)) return undefined;
  if (NEVER_IN_A_URL.test(text)) {
    return 'Write blanks inside an address as %20; quotes, backslashes and control characters are not allowed.';
  }
  const url = parseUrl(text);
  if (!url) return undefined;
  return url.username || url.password ? 'An address must not carry a user name or password.' : null;
}

/** Without the separators around it. */
function tidied(text: string): string {
  let start = 0;
  let end = text.length;
  while (end > start && isSeparator(text.charCodeAt(end - 1))) end--;
  while (start < end && isSeparator(text.charCodeAt(start))) start++;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function withoutQuotes(text: string): string {
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return text;
  return tidied(text.endsWith(quote) && text.length > 1 ? text.slice(1, -1) : text);
}
