import { ADDRESS_START, isSeparator, tidied } from './characters.js';

/** `=IMAGE("https://…")` or `=HYPERLINK("https://…";"Front")`; in some files without the equals sign. */
const FORMULA_START = /^[\s'=+@]*(?:_xlfn\.)?(?:IMAGE|HYPERLINK)\s*\(/i;
const FIRST_ARGUMENT =
  /(?:IMAGE|HYPERLINK)\s*\(\s*(?:"+([^"]*)"|'+([^']*)'|[\u201c-\u201f]+([^\u201c-\u201f]*)[\u201c-\u201f])/gi;

const IMG_TAG = /^img\s/i;
const SOURCE = /\b(?:src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i;

/** What an import of WooCommerce takes behind the address of an image: `https://… ! alt : Front ! title : Mug | https://…` */
const WORDS_BEHIND = /^\s*https?:[^!]*\s!\s*(?:alt|title|desc|caption)\s*:/i;
const PART_WITH_WORDS = /^([^!]*?)\s!\s/;
const BEFORE_BRACKET = ' (http';

/**
 * The addresses inside formulas of spreadsheets, links and images in Markdown, angle brackets or tags of HTML, behind the names of files
 * (`front.jpg (https://…)`, as Airtable writes them), and before words about the image; null where the text is none of these. Each
 * character is looked at a fixed number of times.
 */
export function unwrapUrls(text: string): string[] | null {
  if (FORMULA_START.test(text)) return inFormulas(text);
  if (text.includes('](')) return inMarkdown(text);
  if (text.startsWith('<')) return inAngles(text);
  if (WORDS_BEHIND.test(text))
    return text.split('|').map((part) => tidied(PART_WITH_WORDS.exec(part)?.[1] ?? part));
  return text.endsWith(')') && text.includes(BEFORE_BRACKET) ? behindNames(text) : null;
}

/** Null where an address stands outside of brackets, too: then it is not clear what is meant. */
function behindNames(text: string): string[] | null {
  const found: string[] = [];
  let end = 0;
  for (let at = text.indexOf(BEFORE_BRACKET); at !== -1; at = text.indexOf(BEFORE_BRACKET, end)) {
    const name = tidied(text.slice(end, at));
    const target = targetEnd(text, at + 2);
    if (name === '' || name.includes('://') || target === text.length) return null;
    found.push(text.slice(at + 2, target));
    end = target + 1;
  }
  return end === text.length ? found : null;
}

function inFormulas(text: string): string[] | null {
  const found = [...text.matchAll(FIRST_ARGUMENT)].map(firstGroup);
  return found.length > 0 ? found : null;
}

/** `[text](https://…)`, `![text](https://… "title")`, and images that are links: of these the image. */
function inMarkdown(text: string): string[] {
  const found: string[] = [];
  let end = 0;
  for (let at = text.indexOf(']('); at !== -1; at = text.indexOf('](', end)) {
    addOutside(found, text.slice(end, labelStart(text, at, end)));
    const target = targetEnd(text, at + 2);
    const isLinkOfImage = text[at - 1] === ')' && found.length > 0;
    if (!isLinkOfImage) found.push(text.slice(text[at + 2] === '<' ? at + 3 : at + 2, target));
    const close = text.indexOf(')', target);
    end = close === -1 ? text.length : close + 1;
  }
  addOutside(found, text.slice(end));
  return found;
}

function labelStart(text: string, from: number, least: number): number {
  let at = from;
  while (at > least && text[at] !== '[') at--;
  return at;
}

/** Where the address ends: at the bracket that closes it, or at a blank before its title. It may have brackets of its own. */
function targetEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  for (; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && depth-- === 0) break;
    else if (text[at] === '>') break;
    else if (text[at] === ' ' && (text[at + 1] === '"' || text[at + 1] === "'")) break;
  }
  return at;
}

/** `<https://…>`, `<img src="https://…">`, `<a href="https://…">`; of a page with images these alone. */
function inAngles(text: string): string[] | null {
  const plain: string[] = [];
  const images: string[] = [];
  const links: string[] = [];
  let end = 0;
  for (let open = text.indexOf('<'); open !== -1; open = text.indexOf('<', end)) {
    addOutside(plain, text.slice(end, open));
    const close = text.indexOf('>', open);
    if (close === -1) return null;
    const inside = text.slice(open + 1, close);
    const source = SOURCE.exec(inside);
    if (ADDRESS_START.test(inside)) plain.push(inside);
    else if (source) (IMG_TAG.test(inside) ? images : links).push(firstGroup(source));
    end = close + 1;
  }
  addOutside(plain, text.slice(end));
  const found = [images, links, plain].find((kind) => kind.length > 0);
  return found ?? null;
}

/** Addresses may stand beside the wrapped ones; other words are labels. */
function addOutside(found: string[], text: string): void {
  if (!text.includes('://')) return;
  found.push(isSeparator(text.charCodeAt(0)) ? tidied(text) : text);
}

function firstGroup(match: RegExpMatchArray): string {
  return match.slice(1).find((group) => group !== undefined) ?? '';
}
