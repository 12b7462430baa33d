import { deflateSync } from 'node:zlib';
import { asUpright } from '../image-metadata.js';
import {
  makeGreyProfile,
  makeRgbProfile,
  type RgbSpace,
  spaceOfCodePoints,
  SRGB,
} from '../shared/rgb-profile.js';
import { assemble, contentOf, makeChunk, type PngChunk, readChunks } from './chunks.js';

/** What draws the picture. */
export const DRAWING = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'sBIT']);
/** What its colours mean. */
export const COLOUR = new Set(['iCCP', 'sRGB', 'gAMA', 'cHRM', 'cICP', 'mDCV', 'cLLI']);
export const XMP_KEYWORD = 'XML:com.adobe.xmp\0';
// What viewers assume where nothing is said: gamma 1/2.2 and the primaries of sRGB, times 100,000.
const SRGB_GAMMA = 45_455;
const SRGB_PRIMARIES = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];

/**
 * The picture with a profile in place of what else says what its colours mean, as viewers obey that, and libvips knows profiles
 * only. Of several, the first counts: cICP, iCCP, sRGB, gAMA and cHRM (PNG, third edition, 4.3). HDR colours, which no profile
 * can say, stay as they are.
 */
export function withProfile(source: Buffer): Buffer {
  const chunks = readChunks(source);
  const find = (type: string) => chunks?.find((chunk) => chunk.type === type);
  const points = find('cICP');
  if (!chunks || !(points || find('gAMA') || find('cHRM'))) return source;
  const [bits, colourType] = contentOf(chunks[0]).subarray(8);
  const isGrey = colourType % 4 === 0;
  if (isGrey && bits === 16) return source; // sharp does not apply profiles to it; its gamma is seen to where it is encoded
  const isOther = points === undefined && (find('iCCP') ?? find('sRGB')) !== undefined;
  const space = isOther
    ? undefined
    : points
      ? spaceOfPoints(points)
      : spaceOfGamma(find('gAMA'), find('cHRM'));
  if (space === 'hdr') return source;
  if (isOther)
    return assemble(
      source,
      chunks.filter(({ type }) => type !== 'gAMA' && type !== 'cHRM'),
      [],
    );
  const profile = space && (isGrey ? makeGreyProfile(space.curve) : makeRgbProfile(space));
  const others = chunks.filter(({ type }) => !COLOUR.has(type));
  return assemble(source, others, profile ? [profileChunk(profile)] : []);
}

function spaceOfPoints(points: PngChunk): RgbSpace | 'hdr' | undefined {
  const content = contentOf(points);
  return content.length === 4 ? spaceOfCodePoints(content[0], content[1]) : undefined;
}

function spaceOfGamma(gamma?: PngChunk, primaries?: PngChunk): RgbSpace | undefined {
  const exponent = gamma && differsFromSrgb(gamma) ? 100_000 / contentOf(gamma).readUInt32BE(0) : undefined;
  const isUsual = exponent === undefined || !(exponent > 0.05 && exponent < 20);
  const isOther = primaries !== undefined && differsFromSrgb(primaries);
  if (isUsual && !isOther) return undefined;
  const number = (at: number): number => contentOf(primaries!).readUInt32BE(at) / 100_000;
  const point = (index: number): [number, number] => [number(8 * index), number(8 * index + 4)];
  const own = isOther && { white: point(0), primaries: [point(1), point(2), point(3)] as const };
  return { ...SRGB, ...own, curve: isUsual ? 'srgb' : exponent };
}

function profileChunk(profile: Buffer): PngChunk {
  return makeChunk('iCCP', Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(profile)]));
}

/**
 * The exponent that takes the file's values, 0 to 1, to those of sRGB, where a gamma chunk says that they are others;
 * 1 otherwise. Viewers apply it, libvips does not.
 */
export function gammaToSrgb(source: Buffer): number {
  const colours = readChunks(source)?.filter(({ type }) => COLOUR.has(type)) ?? [];
  if (colours.some(({ type }) => type === 'iCCP' || type === 'sRGB')) return 1; // these come before a gamma
  const gamma = colours.find((chunk) => chunk.type === 'gAMA' && differsFromSrgb(chunk));
  const value = gamma?.bytes.readUInt32BE(8) ?? SRGB_GAMMA;
  return value === 0 ? 1 : SRGB_GAMMA / value;
}

/**
 * The encoded picture with what the source says about its colours in chunks that libvips neither applies nor keeps
 * (gamma, primaries, cICP): its pixel values are still those of the source, so they still mean the same.
 *
 * @param keepsMetadata whether EXIF and profile that the encoder wrote stay
 * @param xmp is added: libvips writes none into a PNG
 */
export function withColourChunks(
  encoded: Buffer,
  source: Buffer,
  { keepsMetadata = false, xmp }: { keepsMetadata?: boolean; xmp?: Buffer } = {},
): Buffer {
  const colours = readChunks(source)?.filter(({ type }) => COLOUR.has(type)) ?? [];
  const kept = readChunks(encoded)?.filter(
    ({ type }) => DRAWING.has(type) || (keepsMetadata && (type === 'iCCP' || type === 'eXIf')),
  ); // less the resolution, 21 bytes
  if (!kept) return encoded;

  const isConverted = colours.some(({ type }) => type === 'iCCP'); // by libvips, to sRGB
  const upright = kept.map((chunk) =>
    chunk.type === 'eXIf' ? makeChunk('eXIf', asUpright(contentOf(chunk))) : chunk,
  );
  const extra = isConverted ? [] : colours.filter(differsFromSrgb);
  return assemble(encoded, upright, xmp ? [...extra, xmpChunk(xmp)] : extra);
}

function differsFromSrgb(chunk: PngChunk): boolean {
  const content = contentOf(chunk);
  if (chunk.type === 'sRGB') return false;
  if (chunk.type === 'gAMA') {
    return content.length === 4 && Math.abs(content.readUInt32BE(0) - SRGB_GAMMA) > 500;
  }
  if (chunk.type !== 'cHRM') return true;
  return (
    content.length === 32 &&
    SRGB_PRIMARIES.some((value, i) => Math.abs(content.readUInt32BE(i * 4) - value) > 200)
  );
}

// Neither compressed, nor in a language, nor with another name of the keyword.
function xmpChunk(xmp: Buffer): PngChunk {
  return makeChunk('iTXt', Buffer.concat([Buffer.from(`${XMP_KEYWORD}\0\0\0\0`, 'latin1'), xmp]));
}
