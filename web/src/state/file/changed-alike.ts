const LETTER = /[\p{L}\p{N}]/u;

/**
 * A text changed as another one was: what was put before, behind or into it, or in the place of whole words; null where that
 * can't be done.
 */
export function changedAlike(text: string, from: string, to: string): string | null {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start++;
  let end = 0;
  while (end < shorter - start && from[from.length - 1 - end] === to[to.length - 1 - end]) end++;
  if (start + end === from.length)
    return withInserted(text, from.slice(0, start), to.slice(start, to.length - end), end);
  // Whole words: a single letter would be found in any text.
  while (start > 0 && LETTER.test(from[start - 1])) start--;
  while (end > 0 && LETTER.test(from[from.length - end])) end--;
  const taken = from.slice(start, from.length - end);
  const put = to.slice(start, to.length - end);
  const at = placeOfWords(text, taken);
  return at === -1 ? null : text.slice(0, at) + put + text.slice(at + taken.length);
}

function withInserted(text: string, before: string, put: string, lettersBehind: number): string | null {
  if (before === '') return put + text;
  if (lettersBehind === 0) return text + put;
  return text.startsWith(before) ? before + put + text.slice(before.length) : null;
}

/** Where words stand that are no parts of longer ones; -1 where they don't. */
function placeOfWords(text: string, words: string): number {
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    const isCut = LETTER.test(text[at - 1] ?? '') && LETTER.test(words[0]);
    const goesOn = LETTER.test(text[at + words.length] ?? '') && LETTER.test(words[words.length - 1]);
    if (!isCut && !goesOn) return at;
  }
  return -1;
}
