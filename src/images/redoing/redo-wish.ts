import { type CompressionOptions, originalOptions, toCompressionOptions } from '../../compression/options.js';
import type { NotedWish, RedoEntity, RedoWish } from '../../database/entities/redos/redo.entity.js';
import { limitOf } from '../../requests/channels/channel-fields.js';
import type { ChannelName } from '../../requests/channels/channel-list.js';

/**
 * The options with which the image itself is made anew; its renditions have their own as before. What its channel takes in bytes holds for
 * another quality as it would in an upload; a target says itself what is wanted.
 */
export function redoneOptions(
  options: CompressionOptions,
  { quality, target, original }: RedoWish,
  channel: ChannelName | null,
): CompressionOptions {
  if (original) return originalOptions(options);
  if (quality === undefined && target === undefined) return options;
  const wanted = toCompressionOptions({ quality, target }, null);
  const limit = channel && limitOf(channel, quality);
  return { ...options, quality: wanted.quality, target: wanted.target, limit };
}

/** How far the latest redo of an image is. */
type Latest = Pick<RedoEntity, 'wish' | 'state' | 'previous'>;

/** The wish of a redo with what was noted about it. */
export function readWish(text: string): NotedWish {
  return JSON.parse(text) as NotedWish;
}

/** Whether they ask for the same, whatever the image was when they did. */
export function isSameWish(one: RedoWish, other: RedoWish): boolean {
  return JSON.stringify(bare(one)) === JSON.stringify(bare(other));
}

/** A new wish as text to be stored. `latest`: the redo before it, null where the image is as its run made it. */
export function notedWish(wish: RedoWish, latest: Latest | null): string {
  if (!latest) return toText(bare(wish));
  return toText({ ...bare(wish), before: madeBy(latest), kept: keptBy(latest) });
}

/** A wish of which nothing new came, as text to be stored: the version that is kept, to which an undo leads, stays the same. */
export function wishOfSame(wish: NotedWish): string {
  return toText({ ...bare(wish), before: wish.kept });
}

/** What a redo is when it has been undone: the one before it again, where what is back was made by one. */
export function afterUndo(redo: Latest): Pick<RedoEntity, 'wish' | 'state'> {
  const earlier = keptBy(redo);
  if (!earlier) return { wish: redo.wish, state: 'undone' };
  return { wish: toText({ ...earlier, isBack: true }), state: 'done' };
}

/** Whether the latest that happened to an image is an undo. */
export function isUndone({ wish, state, previous }: Latest): boolean {
  if (previous !== null) return false;
  return state === 'undone' || (state === 'done' && readWish(wish).isBack === true);
}

/** The redo that made what an image is now; undefined where its run did. */
function madeBy({ wish, state }: Latest): RedoWish | undefined {
  if (state === 'done') return bare(readWish(wish));
  return state === 'undone' ? undefined : readWish(wish).before;
}

/** The redo that made the version that is kept; undefined where its run did, or none is kept. */
function keptBy({ wish, state }: Latest): RedoWish | undefined {
  const { before, kept } = readWish(wish);
  if (state === 'done') return before;
  return state === 'undone' ? undefined : kept;
}

/** A wish without what was noted about it, its fields in one order. */
function bare({ url, quality, target, original }: RedoWish): RedoWish {
  return { url, quality, target, original };
}

const toText = (wish: NotedWish): string => JSON.stringify(wish);
