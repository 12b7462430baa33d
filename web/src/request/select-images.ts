import type { Image } from '../api/client.ts';
import { hostOf, savedPercent } from '../parts/format.ts';
import { isChanged } from '../state/judging/take-back.ts';

/** The images that fit the filter of the address, in the order that it asks for. */
export function selectImages(images: Image[], filter: URLSearchParams): Image[] {
  const wanted = [
    SHOWN[filter.get('show') ?? ''],
    testOf(filter.get('host'), (host) => (image) => hostOf(image.input_url) === host),
    testOf(filter.get('code'), (code) => (image) => image.error?.code === code),
    testOf(filter.get('format'), (format) => (image) => (image.output ?? image.input)?.format === format),
    testOf(plain(filter.get('search') ?? ''), (text) => (image) => textOf(image).includes(text)),
  ].filter((test) => test !== undefined);
  const selected = images.filter((image) => wanted.every((test) => test(image)));
  const rank = RANKS[filter.get('sort') ?? ''];
  if (!rank) return selected;
  const ranks = new Map(selected.map((image) => [image, rank(image)]));
  return selected.sort((a, b) => ranks.get(a)! - ranks.get(b)!);
}

/** The note of a result with more bytes than its source. */
export const LARGER = 'larger_than_source';

type Test = (image: Image) => boolean;

function testOf(value: string | null, make: (value: string) => Test): Test | undefined {
  return value ? make(value) : undefined;
}

const SHOWN: Record<string, Test | undefined> = {
  done: ({ status }) => status === 'done',
  failed: ({ status }) => status === 'failed',
  kept: ({ outcome }) => outcome === 'kept_original',
  unfit: ({ fits }) => fits === false,
  larger: ({ notes }) => notes.includes(LARGER),
  noted: ({ notes }) => notes.length > 0,
  changed: isChanged,
  open: ({ status }) => status === 'pending' || status === 'processing' || status === 'cancelled',
};

const LAST = Infinity;

/** The lowest comes first. */
const RANKS: Record<string, ((image: Image) => number) | undefined> = {
  /** By similarity; where that was not measured, what the channel does not take or misses the target comes first. */
  worst: ({ status, fits, notes, similarity }) => {
    if (status !== 'done') return LAST;
    const isMissed = fits === false || notes.includes('target_not_reached');
    return similarity ?? (isMissed ? 1 : 2);
  },
  saved: (image) => -(savedOf(image) ?? -LAST),
  least: (image) => savedOf(image) ?? LAST,
  size: (image) => -(image.output?.bytes ?? -1),
};

/** What the image saves in percent; null where it is not done. */
export function savedOf({ input, output }: Image): number | null {
  return input && output ? savedPercent(input.bytes, output.bytes) : null;
}

function textOf({ product_name: name, serial_number: serial, input_url: url }: Image): string {
  return plain(`${name} ${serial} ${url}`);
}

/** Without accents and capitals: `cafe` finds `Café`, and `CAFÉ` finds it, too. */
const plain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
