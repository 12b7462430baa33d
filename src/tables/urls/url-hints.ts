import { IMAGE_ENDING } from './characters.js';

/** Enough of a text to tell what it is. */
const LOOKED_AT = 300;

/** What texts in place of addresses are, the first that fits; and what to do about it. */
const KINDS: [RegExp, string][] = [
  [
    /^data:/i,
    'A picture inside the cell (data:) is not taken; put it on a web server and write its address.',
  ],
  [/^s?ftps?:/i, 'FTP is not supported; write an address that begins with http:// or https://.'],
  [
    /^(?:file:|[a-z]:[\\/]|\\\\|\/\/|~\/|\/(?:users|home|volumes|mnt|media|tmp|var|opt)\/)/i,
    'This is a file on a computer; put it on a web server and write its address, beginning with https://.',
  ],
  [/^[=+@]/, 'This is a formula; write the address itself.'],
  [
    /^#(?:VALUE|REF|NAME|N\/A|BLOCKED|CONNECT|BUSY|UNKNOWN)/i,
    'The cell holds a picture, or a formula without a result; write the address of the picture.',
  ],
  [/^https?:\/\/.*\\/i, 'An address has / in place of \\.'],
  [/^https?:\/\/[^/]/i, 'Quotes, < >, tabs and line ends are not allowed inside an address.'],
  [/^[a-z][a-z0-9+.-]*:\/\/[^/]/i, 'Only addresses that begin with http:// or https:// can be fetched.'],
];

const HOST_START = /^(?:www\.|(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?\/)/i;
const RELATIVE_PATH = new RegExp(`^(?:\\.{0,2}/|[^:?#]*\\.(?:${IMAGE_ENDING})$)`, 'i');
const RELATIVE =
  'This is only a part of an address; write all of it, beginning with https:// and the name of the server.';

/** What to do about a text that is no address; undefined where nothing better can be said than what an address is. */
export function hintOn(text: string): string | undefined {
  const start = text.slice(0, LOOKED_AT);
  const hint = KINDS.find(([pattern]) => pattern.test(start))?.[1];
  if (hint !== undefined || HOST_START.test(start)) return hint;
  return RELATIVE_PATH.test(start) ? RELATIVE : undefined;
}
