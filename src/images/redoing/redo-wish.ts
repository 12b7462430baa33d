import { type CompressionOptions, originalOptions, toCompressionOptions } from '../../compression/options.js';
import type { RedoWish } from '../../database/entities/redos/redo.entity.js';

/** The options with which the image itself is made anew; its renditions have their own as before. */
export function redoneOptions(
  options: CompressionOptions,
  { quality, target, original }: RedoWish,
): CompressionOptions {
  if (original) return originalOptions(options);
  if (quality === undefined && target === undefined) return options;
  const wanted = toCompressionOptions({ quality, target }, null);
  return { ...options, quality: wanted.quality, target: wanted.target };
}

/** A wish as text that is the same for the same wish. */
export function wishAsText({ url, quality, target, original }: RedoWish): string {
  return JSON.stringify({ url, quality, target, original });
}
