import type { Image } from '../../api/client.ts';
import { current } from '../store.ts';

/** How many bytes each image of the request that is shown was to have at most; null where none were named. */
export function askedBytes(): number | null {
  const [kind, number] = (current().shown?.request?.options.target ?? '').split(':');
  return kind === 'bytes' ? Number(number) : null;
}

/** Whether it was made larger on purpose; where no smaller one was possible, a note of its own says so. */
export function isLargerThanAsked({ output, notes }: Image): boolean {
  const asked = askedBytes();
  return asked !== null && (output?.bytes ?? 0) > asked && !notes.includes('target_not_reached');
}
