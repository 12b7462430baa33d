import { type CompressionOptions, originalOptions, toCompressionOptions } from '../../compression/options.js';
import type { RedoWish } from '../../database/entities/redos/redo.entity.js';
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

/** A wish as text that is the same for the same wish. */
export function wishAsText({ url, quality, target, original }: RedoWish): string {
  return JSON.stringify({ url, quality, target, original });
}
