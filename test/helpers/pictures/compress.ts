import { type CompressedImage, openSource } from '../../../src/compression/compress.js';
import type { CompressionOptions } from '../../../src/compression/options.js';

/** Opens the image and compresses it, in one step. */
export async function compressImage(
  source: Buffer,
  { maxPixels, ...options }: CompressionOptions & { maxPixels: number },
): Promise<CompressedImage> {
  return (await openSource(source, maxPixels)).compress(options);
}
