/**
 * Characters that are not seen, as the inside of a regular expression's class: soft hyphen, zero-width characters, marks of
 * writing direction, word joiner, byte order mark. They come along when text is copied out of pages and programs.
 */
export const INVISIBLE = '\\u00ad\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff';

/** Quotes of any language that stand around addresses, as the inside of a regular expression's class. */
export const QUOTES = '"\'`\\u2018-\\u201f\\u00ab\\u00bb\\u2039\\u203a';

/** Endings of the names of image files. */
export const IMAGE_ENDING = 'jpe?g|jfif|png|gif|webp|avif|heic|heif|bmp|tiff?|svg|ico';

/** Matches where a whole address begins, or one without its scheme. */
export const ADDRESS_START = /^\s*(?:https?:)?\/\//i;

const IS_INVISIBLE = new RegExp(`[${INVISIBLE}]`);
const IS_QUOTE = new RegExp(`[${QUOTES}]`);

/** All that JavaScript calls white space; NaN, from beyond the text, is none. */
export function isWhite(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return code >= 0xa0 && /\s/.test(String.fromCharCode(code));
}

/** What stands between the URLs of a list: `,` `;` `|`, white space, and characters that are not seen. */
export function isSeparator(code: number): boolean {
  if (code < 128) return code === 44 || code === 59 || code === 124 || isWhite(code);
  return isWhite(code) || isInvisible(code);
}

export function isInvisible(code: number): boolean {
  return code >= 0xad && IS_INVISIBLE.test(String.fromCharCode(code));
}

export function isQuote(char: string | undefined): boolean {
  return char !== undefined && IS_QUOTE.test(char);
}

/** Without the separators around it. */
export function tidied(text: string): string {
  let start = 0;
  let end = text.length;
  while (end > start && isSeparator(text.charCodeAt(end - 1))) end--;
  while (start < end && isSeparator(text.charCodeAt(start))) start++;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
