import { percent } from './parts/format.ts';
import { lossesInWords } from './texts-of-failures.ts';
import { counted } from './texts-of-requests.ts';

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

/** Texts about what a result is after it was judged, and changes were taken back. */
export const textsOfJudging = {
  asAtFirst: 'made again as at first',
  isAsAtFirst: (name: string) => `${name} is made as at first again.`,
  isEarlier: (name: string, options: Asked) => `${name} is as the change before made it: ${asked(options)}.`,
  areEarlier: (value: number) =>
    value === 1
      ? 'One is as a change before made it: take that back, too, for what it was at first.'
      : `${counted(value, 'picture')} are as a change before made them: take that back, too, for what they were at first.`,
};
