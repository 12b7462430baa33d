import { isShareLink } from '../../outbound/urls/share-links.js';
import type { CsvLimits, CsvRepairCode } from '../csv-faults.js';
import { IMAGE_ENDING, INVISIBLE, isInvisible, isQuote, isSeparator, isWhite } from './characters.js';
import { QUOTES, tidied } from './characters.js';
import { urlsInJson } from './json-urls.js';
import { hintOn } from './url-hints.js';
import { mendUrl, withoutQuotes } from './mend-url.js';
import { unwrapUrls } from './unwrap-urls.js';

/** The image URLs of a cell, and what else it holds. */
export interface UrlList {
  urls: string[];
  /** Texts that are no URLs, each with what to do about it where that isn't plain. */
  invalid: { text: string; hint?: string }[];
  repairs: CsvRepairCode[];
}

/** What a list is read by. */
export interface UrlListOptions {
  limits: CsvLimits;
  /** The scheme of addresses that begin with `//`. */
  scheme: string;
}

/** Matches where an image URL begins, with whatever quotes, brackets and separators people put before it. */
export const URL_START = new RegExp(`^[\\s[(|;,<${QUOTES}${INVISIBLE}]*https?://`, 'i');

/**
 * URLs without anything odd, separated by commas, which is nearly all cells. Ten times faster than parsing; whatever
 * this admits, WHATWG URL admits too: a host of plain labels, the last of which is no number, or four bytes, then no `,` `;` `|`
 * or quotes.
 */
const LABELS = '(?:[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*\\.)+[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z0-9]+)*';
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const PLAIN_URL =
  // Bytes first: where labels come first, their repeats are tried in vain for each address of bytes, at twice the time.
  `https?://(?:${BYTE}(?:\\.${BYTE}){3}|${LABELS})(?::[1-5]?\\d{1,4})?` +
  '(?:[/?#][\\w\\-.~%!$&()*+:=@/?#]*)?';
const PLAIN_LIST = new RegExp(`^${PLAIN_URL}(?:, ?${PLAIN_URL})*$`);
/** Inside an address that names another one, such as that of a proxy, a sign stands before its scheme: `/`, `=` or `:`. */
const SCHEME_BEHIND_URL = /[a-zA-Z0-9]https?:\/\//;
/** Longer lists are read item by item: each pattern sees a text of bounded length. */
const MAX_PLAIN_LIST_LENGTH = 16_384;
const NOTHING_INVALID: UrlList['invalid'] = [];
const NO_REPAIRS: CsvRepairCode[] = [];

/** Behind the name of an image file, a separator begins something else: `…/a.jpg,b.jpg`, but `…/w_1,h_1/a.jpg`. */
const UP_TO_FILE_NAME = new RegExp(`^[^?#]*?\\.(?:${IMAGE_ENDING})(?:[,|]|;(?![\\w-]+=))`, 'is');
/** The `;` at the end of one separates nothing. */
const ENTITY_END = /&#?\w{1,10};$/;
/** Longest entity. */
const ENTITY_LENGTH = 13;

/**
 * Reads a list of URLs as people write them: separated by comma, blank, line end, `|` or `;`, as a list of Python or JSON, in
 * formulas, Markdown or HTML. A separator counts only where a scheme such as `https://` follows it (in a list that
 * begins with `//`: or where `//` does), so that commas and blanks inside URLs stay. Where a scheme follows a letter or digit of a URL,
 * the separator was forgotten. Nothing is taken twice or left out, and the order is kept.
 */
export function readUrlList(text: string, { limits, scheme }: UrlListOptions): UrlList {
  if (text.length <= MAX_PLAIN_LIST_LENGTH && PLAIN_LIST.test(text) && !SCHEME_BEHIND_URL.test(text)) {
    const urls = splitAtCommas(text);
    if (text.length <= limits.urlLength || urls.every((url) => url.length <= limits.urlLength)) {
      const repairs = urls.some(isShareLink) ? (['SHARE_LINK_FOLLOWED'] as const) : NO_REPAIRS;
      return { urls, invalid: NOTHING_INVALID, repairs: repairs as CsvRepairCode[] };
    }
  }
  return new UrlListReader(limits, scheme).read(text);
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

/** The brackets around a list of Python or JSON, of a tuple, and of PostgreSQL. */
const LIST_BRACKETS = ['[]', '()', '{}'];

/** `['https://…', 'https://…']`, `["https://…"]`, `[{"src": "https://…"}]` and `{https://…,https://…}`; null if the text is no such list. */
function itemsOfListText(text: string): string[] | null {
  if (!LIST_BRACKETS.includes(text.slice(0, 1) + text.slice(-1))) return null;
  return urlsInJson(text) ?? splitBetweenQuotes(text.slice(1, -1));
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

/** Reads one cell that holds more than plain URLs. */
class UrlListReader {
  private readonly list: UrlList = { urls: [], invalid: [], repairs: [] };

  constructor(
    private readonly limits: CsvLimits,
    private readonly scheme: string,
  ) {}

  read(cell: string): UrlList {
    const text = tidied(cell);
    if (isInvisible(cell.charCodeAt(0)) || isInvisible(cell.charCodeAt(cell.length - 1))) {
      this.note('INVISIBLE_CHARACTERS_REMOVED');
    }
    const unwrapped = unwrapUrls(text);
    if (unwrapped) this.note('URL_UNWRAPPED');
    const items = unwrapped ?? itemsOfListText(text);
    if (items && !unwrapped) this.note('URL_LIST_TEXT');
    for (const item of items ?? [text]) {
      if (!this.isOverLimit()) this.readItems(item);
    }
    return this.list;
  }

  private readItems(text: string): void {
    const mark = beginsRelative(text) ? '//' : '://';
    let start = 0;
    // The scheme of the first URL separates nothing: the search begins behind it.
    let found = text.indexOf(mark, text.startsWith('http') ? 8 : mark === '//' ? 3 : 0);
    while (found !== -1) {
      if (this.isOverLimit()) return;
      const end = separatorBefore(text, start, found);
      if (end !== -1) {
        this.noteSeparator(text, end);
        this.addItem(text.slice(start, end));
        start = end;
      }
      found = text.indexOf(mark, found + mark.length);
    }
    this.addItem(start === 0 ? text : text.slice(start));
  }

  /** Then the row is a fault in any case: what else it holds must not keep the event loop busy. */
  private isOverLimit(): boolean {
    return this.list.urls.length + this.list.invalid.length > this.limits.urlsPerRow;
  }

  private addItem(raw: string): void {
    const { limits, list } = this;
    const text = tidied(raw);
    if (text === '' || this.isOverLimit()) return;
    if (text.length <= limits.urlLength && PLAIN_LIST.test(text)) return this.addUrl(text);
    const bare = withoutQuotes(text);
    if (bare !== text) this.note('URL_LIST_TEXT');
    const [first] = UP_TO_FILE_NAME.exec(bare.slice(0, 2 * limits.urlLength)) ?? [];
    if (first !== undefined) {
      const rest = tidied(bare.slice(first.length)) || bare;
      if (!rest.startsWith('//')) list.invalid.push({ text: rest, hint: hintOn(rest) });
      else {
        this.addItem(bare.slice(0, first.length - 1));
        this.addItem(rest);
      }
    } else if (bare !== '') this.addMended(unwrapUrls(bare)?.[0] ?? bare);
  }

  private addMended(text: string): void {
    const mended = mendUrl(text, this.scheme, this.limits.urlLength);
    if (mended.url === null) this.list.invalid.push({ text, hint: mended.hint });
    else {
      mended.repairs.forEach((code) => this.note(code));
      // Without the quotes around it, or mended, it may be two that nothing separates.
      if (hasTwo(mended.url)) this.readItems(mended.url);
      else this.addUrl(mended.url);
    }
  }

  private addUrl(url: string): void {
    this.list.urls.push(url);
    if (isShareLink(url)) this.note('SHARE_LINK_FOLLOWED');
  }

  /** Only a list without commas is worth a note: blanks beside a comma are common. */
  private noteSeparator(text: string, end: number): void {
    if (!isSeparator(text.charCodeAt(end - 1))) return this.note('URL_SEPARATOR_MISSING');
    for (let at = end - 1; at >= 0 && isSeparator(text.charCodeAt(at)); at--) if (text[at] === ',') return;
    this.note('URL_SEPARATOR');
  }

  private note(code: CsvRepairCode): void {
    if (!this.list.repairs.includes(code)) this.list.repairs.push(code);
  }
}

function beginsRelative(text: string): boolean {
  return text.startsWith('//') || (isQuote(text[0]) && text.startsWith('//', 1));
}

function hasTwo(url: string): boolean {
  for (let mark = url.indexOf('://', 8); mark !== -1; mark = url.indexOf('://', mark + 3))
    if (separatorBefore(url, 0, mark) !== -1) return true;
  return false;
}

/** Where the item begins whose `://` or `//` is at `mark`; -1 if it is inside a URL. */
function separatorBefore(text: string, start: number, mark: number): number {
  let at = mark;
  const hasScheme = text[at] === ':' || text[at - 1] === ':';
  if (hasScheme && text[at] !== ':') at--;
  const schemeEnd = at;
  while (hasScheme && at > start && isSchemeCode(text.charCodeAt(at - 1))) at--;
  const behind = hasScheme ? schemeBehindUrl(text, start, schemeEnd) : -1;
  if (behind > at) return behind;
  if (at > start && (isQuote(text[at - 1]) || text[at - 1] === '<')) at--;
  if (at <= start || !isSeparator(text.charCodeAt(at - 1))) return -1;
  return text[at - 1] === ';' && ENTITY_END.test(text.slice(Math.max(start, at - ENTITY_LENGTH), at))
    ? -1
    : at;
}

/**
 * Where `http` or `https` begins that ends at `schemeEnd` and follows a letter or digit of a URL; -1 if it doesn't. The
 * last digit of an encoded character is none: `?url%3Dhttps://…` names another address as `?url=https://…` does.
 */
function schemeBehindUrl(text: string, start: number, schemeEnd: number): number {
  const [scheme] = /https?$/i.exec(text.slice(Math.max(start, schemeEnd - 5), schemeEnd)) ?? [];
  const at = schemeEnd - (scheme?.length ?? 0);
  const before = text.slice(Math.max(start, at - 3), at);
  const follows = scheme !== undefined && /[a-z0-9]$/i.test(before) && !/^%[0-9a-f]{2}$/i.test(before);
  return follows && /^(?:https?:)?\/\/[^/]/i.test(text.slice(start, start + 9)) ? at : -1;
}

function isSchemeCode(code: number): boolean {
  const letter = code | 32;
  return (
    (letter >= 97 && letter <= 122) || (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46
  );
}
