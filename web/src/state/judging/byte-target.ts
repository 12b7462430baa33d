import type { Image } from '../../api/client.ts';
import { texts } from '../../texts.ts';
import { noteText } from '../../texts-of-failures.ts';
import { channelName } from '../../texts-of-options.ts';
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

/** The marketplace that the request is for, where it does not take the format of an original; null where it does, or is not known. */
export function refusesOriginal({ input }: Image): string | null {
  const { shown, channels } = current();
  const channel = channels.find(({ name }) => name === shown?.request?.options.for);
  const taken = channel?.demands.find(({ rule }) => rule === 'formats')?.value;
  if (!channel || taken === undefined || !input) return null;
  return String(taken).split(',').includes(input.format) ? null : channelName(channel.name);
}

/** What the service notes on a result, in words; where that is larger because it has another format, with where the format is from. */
export function notesInWords({ notes, input, output }: Image): string[] {
  const channel = current().shown?.request?.options.for ?? null;
  const format = output && output.format !== input?.format ? output.format : null;
  return notes.map((note) =>
    note === 'larger_than_source' && format && channel
      ? `${texts.results.asFor(format, channelName(channel))} ${noteText(note)}`
      : noteText(note),
  );
}
