/** Letters that are more than a base letter with a mark. */
const SPELT: Record<string, string> = {
  ...{ ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss', æ: 'ae', ø: 'oe', å: 'aa', œ: 'oe', þ: 'th', ð: 'd' },
  ...{ ł: 'l', đ: 'd', ı: 'i', ħ: 'h', ŋ: 'n' },
};

/** No name needs more of a text, and a cell may have half a million characters. */
const LOOKED_AT = 200;

/** A text in characters that every shop takes in a file name: small letters of ASCII, digits, `-` and `_`. */
export function safeText(text: string): string {
  return text
    .slice(0, LOOKED_AT)
    .toLowerCase()
    .normalize('NFC')
    .replace(/[^\x00-\x7f]/g, (letter) => SPELT[letter] ?? letter)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9_]+/g, '-');
}
