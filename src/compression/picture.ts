import type { Sharp } from 'sharp';
import type { WantedMetadata } from './formats/image-metadata.js';
import { type Colour, meanOfEdge, withoutBorder } from './framing/border.js';
import { backgroundOf, cutOut, placeOnCanvas } from './framing/canvas-pixels.js';
import { enlarged, layOut, type Layout } from './framing/layout.js';
import { openResized, pixelsForAllSizes } from './framing/sizes.js';
import { gammaToSrgb } from './formats/png/colours.js';
import type { ImageHeader } from './image-header.js';
import { openImage, openPixels } from './libvips.js';
import { decodingBytes, MAX_HELD_PIXELS } from './memory.js';
import { type CompressionOptions, WHITE } from './options.js';
import { hasAlpha, readPixels, withoutOpaqueAlpha } from './pixels.js';
import { type Look, lookOf, type Pixels } from './search/similarity.js';

/** One image on its way through the library. */
export interface Job {
  /** The file, as libvips may read it. */
  source: Buffer;
  /** Of the file as it came, which no result exceeds. */
  inputBytes: number;
  header: ImageHeader;
  /** That of all frames, where `header` is that of the first one only. */
  animation?: ImageHeader;
  options: CompressionOptions;
  wanted: WantedMetadata;
  /** Width × height × frames. */
  maxPixels: number;
  /** Whether nothing of the source's own file may be delivered. */
  mustEncode?: boolean;
  /** What was seen when its border was looked for: the mean colour at its edge; all of its pixels, where these are not too many. */
  border?: { edge: Colour; pixels?: Pixels };
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
  /** Whether it has colours that its source does not have. */
  isColoured?: boolean;
  /** Whether its canvas is white, and is to stay so. */
  isOnWhite?: boolean;
  /** Whether it has the metadata that was to be kept; only the file itself has it, held pixels do not. */
  isDescribed: boolean;
  /** Whether its similarity is measured at half its size, which takes a quarter of the memory. */
  isLarge: boolean;
  /** How the first frame looks, to measure the similarity; read once. */
  look(): Promise<Look>;
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
  const { header, wanted } = job;
  const size = layOut(header, job.options);
  if (job.options.canvas) return openOnCanvas(job, size, options);
  if (header.frames > 1 && options.isAnimated) return openAnimation(job, size);
  const exponent = exponentFor(job, options);
  const openAs = (target: Size): Sharp => withGamma(openUpright(job, target), exponent);
  const { hasAlpha } = header.metadata;
  // libvips lays what is transparent on white first, and applies the gamma then.
  const isDescribed = wanted.isAll && canDescribe(header) && (exponent === 1 || !hasAlpha);
  const isShared = !isDescribed && exponent === 1;
  const shared = isShared
    ? pixelsForAllSizes(header, job.options, (largest) => readPixels(openAs(largest)))
    : undefined;
  if (shared) return openSize(await shared, size, options);
  const open = (): Sharp => (isDescribed ? withMetadata(openAs(size), job) : openAs(size));
  const unheld = { ...size, frames: 1, hasAlpha, isDescribed, open };

  if (size.width * size.height > MAX_HELD_PIXELS) {
    return { ...unheld, isLarge: true, look: once(() => readLook(openAs(halfOf(size)))) };
  }
  // Whether an alpha channel hides anything, only the pixels tell.
  if (options.isReadOnce && canStream(header) && !hasAlpha) {
    return { ...unheld, isLarge: false, look: once(() => readLook(openAs(size))) };
  }
  const held = await holdPixels(await readPixels(openAs(size)), size);
  return isDescribed ? { ...held, isDescribed, open } : held;
}

/** A size of a picture, made of pixels that are no smaller. */
async function openSize(pixels: Pixels, size: Size, { isReadOnce }: PictureOptions): Promise<Picture> {
  if (pixels.width === size.width && pixels.height === size.height) return holdPixels(pixels, size);
  const open = (): Sharp => openResized(pixels, size);
  if (!isReadOnce || hasAlpha(pixels)) return holdPixels(await readPixels(open()), size);
  const unheld = { ...size, frames: 1, hasAlpha: false, isDescribed: false, isLarge: false };
  return { ...unheld, look: once(() => readLook(open())), open };
}

/**
 * Looks for the border of the picture, where the options cut it off, and notes what is left of it without: exactly where its pixels
 * can be held, else to two pixels or so.
 */
export async function lookForBorder(job: Job): Promise<Job> {
  if (!job.options.canvas?.trims) return job;
  const { header } = job;
  const most = Math.sqrt(Math.min(1, MAX_HELD_PIXELS / (header.width * header.height)));
  const [width, height] = [Math.floor(header.width * most), Math.floor(header.height * most)];
  const pixels = await readColours(openUpright(job, { width, height, isResized: most < 1 }));
  const found = await withoutBorder(pixels);
  const shown = most < 1 ? enlarged(found, header.width / width, header.height / height, header) : found;
  const border = { edge: await meanOfEdge(pixels), ...(most < 1 ? {} : { pixels }) };
  return { ...job, header: { ...header, shown }, border };
}

async function openOnCanvas(job: Job, layout: Layout, options: PictureOptions): Promise<Picture> {
  const exponent = exponentFor(job, options);
  const known = exponent === 1 ? job.border?.pixels : undefined;
  const pixels = known ? await cutOut(known, layout) : await readColours(openPart(job, layout, exponent));
  const colour = backgroundOf(job.options.canvas!, job.border?.edge ?? (await meanOfEdge(pixels)));
  const [red, green, blue] = colour;
  return {
    ...(await holdPixels(await placeOnCanvas(pixels, layout, colour), layout)),
    isColoured: red !== green || green !== blue,
    isOnWhite: job.options.canvas!.background === WHITE,
  };
}

function openPart(job: Job, { shown, place, isResized }: Layout, exponent: number): Sharp {
  const { width, height } = job.header;
  const isWhole = shown.width === width && shown.height === height;
  const isScaled = isResized && (place.width !== shown.width || place.height !== shown.height);
  if (isWhole) return withGamma(openUpright(job, { ...place, isResized: isScaled }), exponent);
  const part = withGamma(openUpright(job, { width, height, isResized: false }), exponent).extract(shown);
  return isScaled ? withSize(part, place) : part;
}

function exponentFor({ source, header }: Job, { needsSrgbGamma }: PictureOptions): number {
  return needsSrgbGamma && header.format === 'png' ? gammaToSrgb(source) : 1;
}

/** Of three channels, or four with transparency. */
function readColours(pipeline: Sharp): Promise<Pixels> {
  return readPixels(pipeline.toColourspace('srgb'));
}

// An encoder rounds 16 bits in another way than the pixels that are held.
function canStream({ format, metadata, pixels }: ImageHeader): boolean {
  return metadata.depth === 'uchar' && decodingBytes(format, metadata) * pixels <= MAX_STREAMED_BYTES;
}

// On the way from the file to the encoder libvips makes something else of Lab colours, signed and 32-bit numbers, and
// channels beyond four, which TIFF can have.
function canDescribe({ metadata: { depth, space, channels } }: ImageHeader): boolean {
  const isUsual = depth === 'uchar' || depth === 'ushort';
  return isUsual && channels <= 4 && DESCRIBED_SPACES.has(space);
}

async function holdPixels(decoded: Pixels, { isResized }: Size): Promise<Picture> {
  const pixels = await withoutOpaqueAlpha(decoded);
  const { data, width, height, channels } = pixels;
  return {
    ...{ width, height, frames: 1, hasAlpha: hasAlpha(pixels), isResized, isDescribed: false },
    isLarge: false,
    look: once(() => Promise.resolve(lookOf(pixels))),
    open: () => openPixels(data, { width, height, channels: channels as 3 }),
  };
}

function withMetadata(pipeline: Sharp, { header: { metadata }, wanted: { keepsXmp } }: Job): Sharp {
  if (metadata.exif) pipeline.keepExif(); // else it would write one of its own
  if (keepsXmp) pipeline.keepXmp();
  // Colours for print become sRGB: their profile would not fit any more.
  return metadata.space === 'cmyk' ? pipeline : pipeline.keepIccProfile();
}

/** Decodes an encoded image, and returns how its first frame looks, to compare it with its picture. */
export async function readLookOf(encoded: Buffer, picture: Picture): Promise<Look> {
  const image = openImage(encoded, { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false });
  if (picture.isLarge) return readLook(withSize(image, halfOf(picture)));
  const pixels = await readPixels(image);
  if (pixels.width !== picture.width || pixels.height !== picture.height) {
    throw new Error(`encoded as ${pixels.width}×${pixels.height}, not ${picture.width}×${picture.height}`);
  }
  return lookOf(pixels);
}

type Size = Pick<Layout, 'width' | 'height' | 'isResized'>;

function openUpright({ source, header, maxPixels }: Job, size: Size): Sharp {
  const pipeline = openImage(source, {
    ...{ maxPixels, isAnimated: false, isLenient: header.isLenient },
    ignoresProfile: header.hasSrgbProfile,
  });
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

async function readLook(pipeline: Sharp): Promise<Look> {
  return lookOf(await readPixels(pipeline));
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
    look: once(() => readLook(first)),
    open,
  };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
}

// Two gammas are applied one after the other, of which one is 1.
function withGamma(pipeline: Sharp, exponent: number): Sharp {
  if (exponent === 1) return pipeline;
  const bounded = (gamma: number): number => Math.min(MAX_GAMMA, Math.max(1, gamma));
  return pipeline.gamma(bounded(exponent), bounded(1 / exponent));
}
