import anyAscii from 'any-ascii';

/** Letters that German and the Nordic languages write in two, where they can't write them. */
const SPELT: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe' };

/** No name needs more of a text, and a cell may have half a million characters. */
const LOOKED_AT = 200;

/**
 * A text in characters that every shop takes in a file name: small letters of ASCII, digits, `-` and `_`. Other scripts are written in
 * Latin letters: `Чашка` becomes `chashka`.
 */
export function safeText(text: string): string {
  return text
    .slice(0, LOOKED_AT)
    .toLowerCase()
    .normalize('NFC')
    .replace(/[^\x00-\x7f]/gu, (letter) => SPELT[letter] ?? anyAscii(letter))
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-');
}
