import { count, percent } from './parts/format.ts';
import { lossesInWords } from './texts-of-failures.ts';
import { counted, images } from './texts-of-requests.ts';

/** What a change asked for. */
interface Asked {
  quality: string | null;
  target: string | null;
  original: boolean;
}

function asked({ quality, target, original }: Asked): string {
  if (original) return 'the original';
  if (quality !== null) return `in quality ${quality}`;
  const [kind, value] = (target ?? '').split(':');
  if (kind === 'bytes') return `at most ${counted(Number(value), 'byte')}`;
  return kind === 'ssim' ? `at least ${percent(100 * Number(value))} alike` : 'from another address';
}

/** What a picture has lost as a sentence behind another one; empty where that is nothing. */
export function lossSentence(notes: readonly string[]): string {
  const text = lossesInWords(notes).join(', ');
  return text && ` ${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** `Mug, Cup and 3 more` */
function listed(names: string[], more: number): string {
  const all = more > 0 ? [...names, `${count(more)} more`] : names;
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

/** Texts about what a result is after it was judged, and changes were taken back. */
export const textsOfJudging = {
  best: ['Best: the original', 'U'] as const,
  together: (names: string[], more: number, otherPictures: number) =>
    `${listed(names, more)} share one picture, and change together` +
    (otherPictures > 0 ? `; so do the rows of ${counted(otherPictures, 'other picture')}.` : '.'),
  oldLinks: (value: number) =>
    `In a shop, ${value === 1 ? `${images(1)} keeps its old link` : `${images(value)} keep their old links`} until you import the file again.`,
  triedAgain: 'Tried again',
  haveEnded: (part: number, all: number) => `${count(part)} of ${count(all)} have ended`,
  isJudged: 'This one is judged.',
  isOriginal: (name: string) => `${name} is the original: nothing is better.`,
  becameOriginal: (value: number) =>
    `${images(value)} ${value === 1 ? 'is its original' : 'are their originals'} now: no quality made ${value === 1 ? 'it' : 'them'} better.`,
  asAtFirst: 'made again as at first',
  isAsAtFirst: (name: string) => `${name} is made as at first again.`,
  isEarlier: (name: string, options: Asked) => `${name} is as the change before made it: ${asked(options)}.`,
  areEarlier: (value: number) =>
    value === 1
      ? 'One is as a change before made it: take that back, too, for what it was at first.'
      : `${counted(value, 'picture')} are as a change before made them: take that back, too, for what they were at first.`,
};
