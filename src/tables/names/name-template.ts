import { AppError } from '../../errors/app-error.js';
import { safeText } from './safe-text.js';

/** What a placeholder of one word stands for; `{column:…}` names a column. */
export const NAME_WORDS = ['sku', 'product', 'serial', 'original', 'n', 'hash'] as const;
export type NameWord = (typeof NAME_WORDS)[number];

/** A piece of a template. */
export type NamePart = { text: string } | { word: NameWord } | { column: string };

/** Of a finished name, without its extension. */
export const MAX_NAME_LENGTH = 80;
/** What `{hash}` becomes: digits of the digest in the address. */
export const HASH_LENGTH = 8;

const MAX_TEMPLATE_LENGTH = 200;
/** Digits that `{n}` may get. */
const NUMBER_LENGTH = 7;
/** What is left at least for texts of the file. */
const MIN_ROOM = 16;

/**
 * The pieces of a template such as `{sku}-{n}`, by which results are named.
 * @throws AppError `IMAGE_NAME_INVALID`
 */
export function readNameTemplate(template: string): NamePart[] {
  if (template.length > MAX_TEMPLATE_LENGTH || !/^\P{Cc}+$/u.test(template))
    throw invalid(`image_name must be text of at most ${MAX_TEMPLATE_LENGTH} characters`);
  const parts = template.split(/(\{[^{}]*\})/).map(readPart);
  if (fixedLength(parts) > MAX_NAME_LENGTH - MIN_ROOM)
    throw invalid(
      `image_name leaves less than ${MIN_ROOM} of ${MAX_NAME_LENGTH} characters to its placeholders`,
    );
  return parts.filter((part) => !('text' in part) || part.text !== '');
}

/** Characters of each name that no text of the file decides. */
export function fixedLength(parts: NamePart[]): number {
  const lengthOf = (part: NamePart) => {
    if ('text' in part) return part.text.length;
    if ('column' in part) return 0;
    return { hash: HASH_LENGTH, n: NUMBER_LENGTH }[part.word as string] ?? 0;
  };
  return parts.reduce((sum, part) => sum + lengthOf(part), 0);
}

function readPart(piece: string, index: number): NamePart {
  const isPlaceholder = index % 2 === 1;
  if (!isPlaceholder) {
    if (/[{}]/.test(piece)) throw invalid('image_name has a brace without its other one');
    return { text: safeText(piece) };
  }
  const inside = piece.slice(1, -1).trim();
  const column = /^column:(.*)$/s.exec(inside)?.[1].trim();
  if (column) return { column };
  const word = NAME_WORDS.find((each) => each === inside);
  if (word) return { word };
  const known = [...NAME_WORDS.map((each) => `{${each}}`), '{column:<name>}'];
  throw invalid(`image_name has no placeholder ${piece}; there are ${known.join(', ')}`);
}

function invalid(message: string): AppError {
  return new AppError('IMAGE_NAME_INVALID', `The field ${message}.`, {
    details: [{ field: 'image_name', message }],
  });
}
