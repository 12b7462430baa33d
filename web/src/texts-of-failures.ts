import type { Channel, Image } from './api/client.ts';
import { bytes } from './parts/format.ts';

/** What to do where an image has failed, by its code. Codes without a line of their own get the service's sentence. */
const ADVICE: Record<string, string> = {
  HTTP_401: 'The server wants a login. Make the links public, or ask its owner for access.',
  HTTP_403: 'The server refuses us. Make the links public, or ask its owner to let this service in.',
  HTTP_404: 'There is nothing at these addresses. Look for a spelling mistake in the links.',
  HTTP_410: 'These pictures were removed for good. Put new links into your file.',
  HTTP_429: 'The server was asked too often. Try again in some minutes.',
  HOST_NOT_FOUND: 'No server has this name. Look for a spelling mistake in the links.',
  CONNECTION_FAILED:
    'The server could not be reached, or broke off. Check that it is running, then try again.',
  TIMEOUT: 'The server did not answer in time. Try again later.',
  TLS_FAILED: 'The certificate of the server is faulty. Its owner has to mend it.',
  ADDRESS_REFUSED:
    'These addresses are not on the public internet. Put the pictures where everybody can load them.',
  URL_INVALID: 'These are no whole addresses. Write them with http:// or https://.',
  TOO_MANY_REDIRECTS: 'The links lead in circles. Use the address of the picture itself.',
  INSECURE_REDIRECT: 'The links lead from https to http. Use the address of the picture itself.',
  NOT_AN_IMAGE:
    'There is a page or another file in place of a picture. Use the address of the picture itself.',
  IMAGE_CORRUPT: 'The files are damaged or cut off. Upload the pictures to their host again.',
  IMAGE_TOO_MANY_PIXELS: 'The pictures have too many pixels. Make them smaller first.',
  IMAGE_TOO_MANY_FRAMES: 'The animations are too long. Shorten them first.',
  IMAGE_TOO_SLOW: 'These pictures take too long to read. Save them again as JPEG or PNG.',
  EMPTY_BODY: 'The files are empty. Upload the pictures to their host again.',
};

/** Names of reasons, as people would say it. */
const NAMES: Record<string, string> = {
  HTTP_401: 'Login needed',
  HTTP_403: 'Access refused',
  HTTP_404: 'Not found',
  HTTP_410: 'Removed',
  HTTP_429: 'Asked too often',
  HOST_NOT_FOUND: 'No such host',
  CONNECTION_FAILED: 'Not reached',
  TIMEOUT: 'No answer in time',
  TLS_FAILED: 'Certificate faulty',
  ADDRESS_REFUSED: 'Not a public address',
  URL_INVALID: 'Not an address',
  TOO_MANY_REDIRECTS: 'Too many redirects',
  INSECURE_REDIRECT: 'Redirect from https to http',
  NOT_AN_IMAGE: 'Not a picture',
  FORMAT_NOT_SUPPORTED: 'This kind of file is not supported',
  IMAGE_CORRUPT: 'Damaged picture',
  IMAGE_TOO_MANY_PIXELS: 'Too many pixels',
  IMAGE_TOO_MANY_FRAMES: 'Animation too long',
  IMAGE_TOO_SLOW: 'Too slow to read',
  DOWNLOAD_TOO_LARGE: 'File too large',
  EMPTY_BODY: 'Empty file',
};

export const reasonOf = (code: string): string =>
  NAMES[code] ?? (/^HTTP_5/.test(code) ? 'Server error' : code);

/** Of these the service says more: which kind it is, where the name of the file may say another, or how much is taken. */
const WITH_MESSAGE: Record<string, string> = {
  DOWNLOAD_TOO_LARGE: 'Make the files smaller first.',
  FORMAT_NOT_SUPPORTED: 'Save the pictures as usual JPEG, PNG or WebP files.',
};

/** Whether two images with this code may need different advice. */
export const isToldByMessage = (code: string): boolean => code in WITH_MESSAGE;

/** What the service says of one image alone, with its numbers; empty where it says the same of all. */
export const numbersOf = ({ error }: Image): string =>
  error?.code === 'IMAGE_TOO_MANY_PIXELS' ? error.message : '';

export function adviceOn(code: string, message: string): string {
  if (isToldByMessage(code)) return `${message} ${WITH_MESSAGE[code]}`;
  return (
    ADVICE[code] ?? (/^HTTP_5/.test(code) ? 'The server has a problem of its own. Try again later.' : message)
  );
}

/** Notes of results, in words. */
const NOTES: Record<string, string> = {
  first_frame_only: 'animation lost: only the first frame',
  first_page_only: 'only the first page',
  alpha_flattened: 'transparency put on white',
  gain_map_dropped: 'HDR version left out',
  metadata_dropped: 'some metadata left out',
  format_not_possible: 'too large for that format',
  size_kept: 'size kept: smaller would be larger',
  larger_than_source: 'larger than its source',
  canvas_reduced: 'canvas made smaller',
  canvas_not_possible: 'too large for a canvas',
  target_not_reached: 'target not reached',
};

/** Notes of what a picture has lost that its source shows. */
const LOSSES = ['first_frame_only', 'first_page_only', 'alpha_flattened', 'gain_map_dropped'];

/** What a picture has lost, in words: nobody sees it where the picture before stands still, or on white. */
export const lossesInWords = (notes: readonly string[]): string[] =>
  notes.filter((note) => LOSSES.includes(note)).map(noteText);

/** What a channel says against an image, in words. */
const RULES: Record<string, string> = {
  too_small: 'too small',
  too_narrow: 'too narrow',
  too_low: 'too low',
  too_large: 'too large',
  too_many_pixels: 'too many pixels',
  too_many_bytes: 'too many bytes',
  quality_too_low: 'quality too low',
  wrong_format: 'wrong format',
  wrong_shape: 'wrong shape',
  not_on_white: 'not on white',
  address_not_taken: 'its address is not taken',
};

/** A rule as the service names it, such as `too_small: 430 < 500`; `withNumber`: with that of the one picture. */
export const ruleText = (rule: string, withNumber = true): string => {
  const [code, ...rest] = rule.split(':');
  const [, is, sign, limit] = /^ (\d+) ([<>]) (\d+)$/.exec(rest.join(':')) ?? [];
  const words = RULES[code] ?? code;
  if (!limit) return [words, ...rest].join(':');
  return `${words} (${withNumber ? `${is}, ` : ''}${sign === '<' ? 'at least' : 'at most'} ${limit})`;
};

/** What a channel asks for, in words. */
const DEMANDS: Record<Channel['demands'][number]['rule'], (value: string | number) => string> = {
  min_longest_side: (value) => `longest side at least ${value} pixels`,
  min_width: (value) => `at least ${value} pixels wide`,
  min_height: (value) => `at least ${value} pixels high`,
  max_side: (value) => `no side over ${value} pixels`,
  max_side_sum: (value) => `width and height at most ${value} pixels together`,
  max_pixels: (value) => `at most ${Number(value) / 1e6} million pixels`,
  shape: (value) => `shape ${value}`,
  formats: (value) => `one of ${String(value).toUpperCase().replaceAll(',', ', ')}`,
  max_bytes: (value) => `at most ${bytes(Number(value))}`,
  background: () => 'on white',
  min_quality: (value) =>
    `quality at least ${value}, also where the file is larger than a limit in kilobytes`,
};

export const demandText = ({ rule, value }: Channel['demands'][number]): string => DEMANDS[rule](value);

export const noteText = (note: string): string => NOTES[note] ?? note;

/** Warnings about the whole file that speak to whoever runs the service, said to whoever uses it. */
const WARNINGS: Record<string, string> = {
  PUBLIC_URL_NOT_FETCHED:
    'Shops and marketplaces will not be able to load the new images from this service: it is not on the public internet. Use the ZIP of all images, or ask whoever runs the service to give it a public address.',
};

export const warningText = (code: string, hint: string): string => WARNINGS[code] ?? hint;

/** Repairs of a file, in words. */
const REPAIRS: Record<string, string> = {
  BOM_SKIPPED: 'A mark at the start of the file was skipped',
  ENCODING_CONVERTED: 'The letters were converted to UTF-8',
  BYTES_REPLACED: 'Some letters could not be read',
  DELIMITER_DETECTED: 'Cells are separated by semicolons or tabs',
  LINE_ABOVE_HEADER_SKIPPED: 'Lines above the column names were left out',
  HEADER_ADDED: 'Column names were added',
  SEPARATOR_LINE_SKIPPED: 'The line that names the separator was skipped',
  HEADER_ALIAS: 'A column has another name than usual',
  COLUMN_ADDED: 'A column of numbers or names is missing',
  COLUMNS_MERGED: 'Several image columns were taken as one',
  OUTPUT_COLUMN_REPLACED: 'An earlier column of new links is replaced',
  BLANK_LINE_SKIPPED: 'Blank lines were left out',
  BLANKS_TRIMMED: 'Cells were read without the blanks around them',
  URL_SEPARATOR: 'Links in one cell were told apart',
  URL_SEPARATOR_MISSING: 'Links with nothing between them were told apart',
  URL_CHARACTERS_ENCODED: 'Blanks or letters in links were encoded',
  URL_SCHEME_ADDED: 'https was added to links',
  URL_UNWRAPPED: 'Links were taken out of formulas',
  SHARE_LINK_FOLLOWED: 'Share links lead to their files',
};

/** As `URL_LIST_TEXT` becomes `Url list text` where there are no better words. */
export const repairText = (code: string): string =>
  REPAIRS[code] ?? code[0] + code.slice(1).toLowerCase().replaceAll('_', ' ');
