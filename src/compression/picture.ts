import sharp, { type Sharp } from 'sharp';
import type { WantedMetadata } from './formats/image-metadata.js';
import { gammaToSrgb } from './formats/strip-png.js';
import type { ImageHeader } from './image-header.js';
import { openImage } from './libvips.js';
import { decodingBytes, MAX_HELD_PIXELS } from './memory.js';
import type { CompressionOptions } from './options.js';
import { type Luminance, type Pixels, sampleLuminance } from './similarity.js';

/** One image on its way through the library. */
export interface Job {
  /** The file, as libvips may read it. */
  source: Buffer;
  /** Of the file as it came, which no result exceeds. */
  inputBytes: number;
  header: ImageHeader;
  options: CompressionOptions;
  wanted: WantedMetadata;
  /** Width × height × frames. */
  maxPixels: number;
}

/** How a picture is taken out of its file. */
export interface PictureOptions {
  /** Whether it stays an animation, where it is one. */
  isAnimated: boolean;
  /** Whether it is encoded once and compared with nothing, so that holding its pixels is of no use. */
  isReadOnce: boolean;
  /** Whether the result can't say that its gamma is another than that of sRGB, as only PNG can. */
  needsSrgbGamma: boolean;
}

// A decoder that holds more than this ends before the encoder begins, at the price of a copy of the pixels.
const MAX_STREAMED_BYTES = 60_000_000;

const DESCRIBED_SPACES = new Set<string>(['srgb', 'rgb', 'rgb16', 'b-w', 'grey16', 'cmyk']);
// The largest that libvips accepts.
const MAX_GAMMA = 3;

/** The picture to encode: upright, in sRGB, of its final size. */
export interface Picture {
  /** Of a frame, upright; of an animation whose orientation stays a tag, before it is turned. */
  width: number;
  height: number;
  frames: number;
  hasAlpha: boolean;
  isResized: boolean;
  /** Whether it has the metadata that was to be kept; only the file itself has it, held pixels do not. */
  isDescribed: boolean;
  /** Whether its similarity is measured at half its size, which takes a quarter of the memory. */
  isLarge: boolean;
  /** The brightness of the first frame, to measure the similarity; read once. */
  luminance(): Promise<Luminance>;
  /** A new pipeline, ready to be encoded. */
  open(): Sharp;
}

/**
 * Opens the picture of a file. A still one of usual size is decoded and held as pixels, 1 to 4 bytes each: encoding it
 * several times and measuring it need no second decoding. A large one, an animation, one that keeps its metadata, and
 * one that is read only once, are decoded by each pipeline.
 *
 * @throws the errors of libvips for damaged files; so do the pipelines
 */
export async function openPicture(job: Job, options: PictureOptions): Promise<Picture> {
  const { source, header, wanted } = job;
  const size = fitInside(header, job.options);
  if (header.frames > 1 && options.isAnimated) return openAnimation(job, size);
  const exponent = options.needsSrgbGamma && header.format === 'png' ? gammaToSrgb(source) : 1;
  const openAs = (target: Size): Sharp => {
    const pipeline = openUpright(job, target);
    return exponent === 1 ? pipeline : withGamma(pipeline, exponent);
  };
  const { hasAlpha } = header.metadata;
  // libvips lays what is transparent on white first, and applies the gamma then.
  const isDescribed = wanted.isAll && canDescribe(header) && (exponent === 1 || !hasAlpha);
  const open = (): Sharp => (isDescribed ? withMetadata(openAs(size), job) : openAs(size));
  const unheld = { ...size, frames: 1, hasAlpha, isDescribed, open };

  if (size.width * size.height > MAX_HELD_PIXELS) {
    return { ...unheld, isLarge: true, luminance: once(() => readHalved(openAs(halfOf(size)))) };
  }
  // Whether an alpha channel hides anything, only the pixels tell.
  if (options.isReadOnce && canStream(header) && !hasAlpha) {
    const luminance = once(async () => sampleLuminance(await readPixels(openAs(size))));
    return { ...unheld, isLarge: false, luminance };
  }
  const held = holdPixels(await readPixels(openAs(size)), size);
  return isDescribed ? { ...held, isDescribed, open } : held;
}

function canStream({ format, metadata, pixels }: ImageHeader): boolean {
  return decodingBytes(format, metadata) * pixels <= MAX_STREAMED_BYTES;
}

// On the way from the file to the encoder libvips makes something else of Lab colours, signed and 32-bit numbers, and
// channels beyond four, which TIFF can have.
function canDescribe({ metadata: { depth, space, channels } }: ImageHeader): boolean {
  const isUsual = depth === 'uchar' || depth === 'ushort';
  return isUsual && channels <= 4 && DESCRIBED_SPACES.has(space);
}

function holdPixels(decoded: Pixels, { isResized }: Size): Picture {
  const pixels = withoutOpaqueAlpha(decoded);
  const { data, width, height, channels } = pixels;
  return {
    ...{ width, height, frames: 1, hasAlpha: hasAlpha(pixels), isResized, isDescribed: false },
    isLarge: false,
    luminance: once(() => Promise.resolve(sampleLuminance(pixels))),
    open: () => sharp(data, { raw: { width, height, channels: channels as 3 }, limitInputPixels: false }),
  };
}

function withMetadata(pipeline: Sharp, { header: { metadata }, wanted: { keepsXmp } }: Job): Sharp {
  if (metadata.exif) pipeline.keepExif(); // else it would write one of its own
  if (keepsXmp) pipeline.keepXmp();
  // Colours for print become sRGB: their profile would not fit any more.
  return metadata.space === 'cmyk' ? pipeline : pipeline.keepIccProfile();
}

/** Decodes an encoded image, and returns the brightness of its first frame, to compare it with its picture. */
export async function readLuminance(encoded: Buffer, picture: Picture): Promise<Luminance> {
  const image = openImage(encoded, { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false });
  if (picture.isLarge) return readHalved(withSize(image, halfOf(picture)));
  const pixels = await readPixels(image);
  if (pixels.width !== picture.width || pixels.height !== picture.height) {
    throw new Error(`encoded as ${pixels.width}×${pixels.height}, not ${picture.width}×${picture.height}`);
  }
  return sampleLuminance(pixels);
}

/** The upright size of an image within the limits. */
export function fitInside(
  { width, height }: { width: number; height: number },
  { maxWidth, maxHeight }: { maxWidth: number | null; maxHeight: number | null },
): { width: number; height: number; isResized: boolean } {
  const factor = Math.min(1, (maxWidth ?? width) / width, (maxHeight ?? height) / height);
  const scaled = (side: number): number => Math.max(1, Math.round(side * factor));
  return { width: scaled(width), height: scaled(height), isResized: factor < 1 };
}

type Size = ReturnType<typeof fitInside>;

function openUpright({ source, header, maxPixels }: Job, size: Size): Sharp {
  const pipeline = openImage(source, { maxPixels, isAnimated: false, ignoresProfile: header.hasSrgbProfile });
  // Asking for it costs 2 % for a small photo, even where there is nothing to be turned.
  if ((header.metadata.orientation ?? 1) !== 1) pipeline.autoOrient();
  convertWideColours(pipeline, header);
  return size.isResized ? withSize(pipeline, size) : pipeline;
}

function withSize(pipeline: Sharp, { width, height }: { width: number; height: number }): Sharp {
  return pipeline.resize(width, height, { fit: 'fill' });
}

function halfOf({ width, height }: { width: number; height: number }): Size {
  return { width: Math.ceil(width / 2), height: Math.ceil(height / 2), isResized: true };
}

async function readHalved(pipeline: Sharp): Promise<Luminance> {
  return sampleLuminance(await readPixels(pipeline), { isHalved: true });
}

// sharp takes 16-bit colours with a profile to Display P3, and would deliver those numbers as if they were sRGB.
function convertWideColours(pipeline: Sharp, { metadata }: ImageHeader): void {
  if (metadata.space === 'rgb16' && metadata.hasProfile) pipeline.withIccProfile('srgb', { attach: false });
}

function openAnimation({ source, header, maxPixels, wanted }: Job, size: Size): Picture {
  // libvips can't turn frames; the tag stays.
  const isTurned = header.orientation >= 5;
  const [width, height] = isTurned ? [size.height, size.width] : [size.width, size.height];
  const ignoresProfile = header.hasSrgbProfile;
  const open = (): Sharp => {
    const pipeline = openImage(source, { maxPixels, isAnimated: true, ignoresProfile });
    if (size.isResized) withSize(pipeline, { width, height });
    if (wanted.isAll) pipeline.keepExif().keepXmp().keepIccProfile();
    else if (header.orientation !== 1) pipeline.withMetadata({ orientation: header.orientation });
    return pipeline;
  };
  const first = openImage(source, { maxPixels, isAnimated: false, ignoresProfile });
  if (size.isResized) withSize(first, { width, height });
  return {
    ...{
      width,
      height,
      frames: header.frames,
      hasAlpha: header.metadata.hasAlpha,
      isResized: size.isResized,
      isDescribed: wanted.isAll,
    },
    isLarge: false,
    luminance: once(async () => sampleLuminance(await readPixels(first))),
    open,
  };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
}

async function readPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return withoutExtraChannels({ data, width: info.width, height: info.height, channels: info.channels });
}

// A TIFF may have several channels beside its colours; the last one is its transparency to libvips.
function withoutExtraChannels(pixels: Pixels): Pixels {
  const { data, channels } = pixels;
  if (channels <= 4) return pixels;
  const kept = Buffer.allocUnsafe((data.length / channels) * 4);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 4) {
    data.copy(kept, to, from, from + 3);
    kept[to + 3] = data[from + channels - 1];
  }
  return { ...pixels, data: kept, channels: 4 };
}

function hasAlpha({ channels }: Pixels): boolean {
  return channels === 2 || channels === 4;
}

// An alpha channel that hides nothing is a fifth of the bytes of some formats, and in the way of JPEG.
function withoutOpaqueAlpha(pixels: Pixels): Pixels {
  const { data, channels } = pixels;
  if (!hasAlpha(pixels)) return pixels;
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] !== 255) return pixels;

  const colours = channels - 1;
  const opaque = Buffer.allocUnsafe((data.length / channels) * colours);
  for (let from = 0, to = 0; from < data.length; from += channels, to += colours) {
    for (let channel = 0; channel < colours; channel += 1) opaque[to + channel] = data[from + channel];
  }
  return { ...pixels, data: opaque, channels: colours };
}

// Two gammas are applied one after the other, of which one is 1.
function withGamma(pipeline: Sharp, exponent: number): Sharp {
  const bounded = (gamma: number): number => Math.min(MAX_GAMMA, Math.max(1, gamma));
  return pipeline.gamma(bounded(exponent), bounded(1 / exponent));
}
