import type { Metadata } from 'sharp';
import type { MetadataChoice } from '../options.js';
import { isOutOfBounds } from './shared/out-of-bounds.js';
import type { ImageFormat } from './image-format.js';

/** Of what a file says about its picture, as libvips puts it, that on which anything here depends. */
export type SourceMetadata = Pick<
  Metadata,
  | ('format' | 'width' | 'height' | 'autoOrient' | 'orientation' | 'pages')
  | ('space' | 'channels' | 'depth' | 'bitsPerSample' | 'isPalette' | 'isProgressive' | 'hasAlpha')
  | ('hasProfile' | 'icc' | 'exif' | 'xmp')
>;

/** Whose picture it is, as far as its file says. */
export interface CopyrightTags {
  artist?: string;
  copyright?: string;
}

/** What is kept of a file besides its picture and colours. */
export interface WantedMetadata {
  /** EXIF and XMP as they are. */
  isAll: boolean;
  /** Whether XMP is part of all: one that points to a gain map is not, as the map is dropped. */
  keepsXmp: boolean;
  /** Written into an EXIF block of our own, where not all is kept; those of a TIFF, which has none, in any case. */
  tags: CopyrightTags;
}

/** Nothing. */
export const NO_METADATA: WantedMetadata = { isAll: false, keepsXmp: false, tags: {} };

const ORIENTATION = 0x0112;
const ARTIST = 0x013b;
const COPYRIGHT = 0x8298;
// The directories of EXIF and GPS, and IPTC.
const DIRECTORIES = new Set([34665, 34853, 33723]);
// Description, maker, model, program, date: texts that another TIFF takes over as they are.
const TEXTS = new Set([270, 271, 272, 305, 306]);
const ASCII = 2;
const MAX_CHARACTERS = 500;
/** So much is read for them: a character has up to 4 bytes, and there may be markup between them. */
const MAX_TEXT = 4 * MAX_CHARACTERS;
/** Also what is cut off: looking for the end of each `<` again would take as long as their number squared. */
const MARKUP = /<[^>]*(?:>|$)/g;

/** What the choice means for this image. Author and copyright are looked for in EXIF or a TIFF's tags, then in XMP. */
export function wantedMetadata(
  choice: MetadataChoice,
  metadata: SourceMetadata,
  source: Buffer,
): WantedMetadata {
  if (choice === 'none') return NO_METADATA;
  // A TIFF file is built as an EXIF block is.
  const own = metadata.format === 'tiff' ? readExif(source) : {};
  if (choice === 'all') return { isAll: true, keepsXmp: !hasGainMap(metadata), tags: own };
  const exif = metadata.exif ? readExif(metadata.exif) : {};
  const xmp = metadata.xmp ? readXmp(metadata.xmp) : {};
  return { isAll: false, keepsXmp: false, tags: { ...xmp, ...exif, ...own } };
}

/** Whether it is a JPEG with the brighter version for HDR screens that phones hide behind the photo. */
export function hasGainMap({ format, xmp }: SourceMetadata): boolean {
  return format === 'jpeg' && xmp !== undefined && xmp.includes('hdrgm:Version');
}

/** Artist and copyright as tags of EXIF's first directory. */
export function exifTags({ tags: { artist, copyright } }: WantedMetadata): Record<string, string> {
  return { ...(artist ? { Artist: artist } : {}), ...(copyright ? { Copyright: copyright } : {}) };
}

/** Whether there is anything to be kept. */
export function isWanted({ isAll, tags }: WantedMetadata): boolean {
  return isAll || tags.artist !== undefined || tags.copyright !== undefined;
}

/** Whether the file has EXIF or XMP at all. */
export function hasMetadata({ exif, xmp }: SourceMetadata): boolean {
  return exif !== undefined || xmp !== undefined;
}

/** Whether a TIFF has metadata that an output of the format is not given. */
export function hasMoreTags(source: Buffer, output: ImageFormat): boolean {
  let hasMore = false;
  eachEntry(source, ({ tag }) => {
    hasMore ||= DIRECTORIES.has(tag) || (output !== 'tiff' && TEXTS.has(tag));
  });
  return hasMore;
}

/** The same EXIF block saying that the picture is upright: libvips turns it, but leaves the tag in a PNG. */
export function asUpright(exif: Buffer): Buffer {
  const upright = Buffer.from(exif);
  eachEntry(upright, ({ block, isBig, tag, at }) => {
    if (tag !== ORIENTATION) return;
    if (isBig) block.writeUInt16BE(1, at + 8);
    else block.writeUInt16LE(1, at + 8);
  });
  return upright;
}

/** Of several tags of a kind the last one counts, and only that is made a text: 65,535 texts took 10 s. */
function readExif(exif: Buffer): CopyrightTags {
  const last = new Map<number, () => string>();
  eachEntry(exif, ({ block, tag, type, bytes, at, long }) => {
    if ((tag !== ARTIST && tag !== COPYRIGHT) || type !== ASCII) return;
    const from = bytes <= 4 ? at + 8 : long(at + 8);
    // Each may claim the whole file.
    last.set(tag, () => block.toString('utf8', from, from + Math.min(bytes, MAX_TEXT)));
  });
  return copyrightTags(cleaned(last.get(ARTIST)?.()), cleaned(last.get(COPYRIGHT)?.()));
}

function copyrightTags(artist: string | undefined, copyright: string | undefined): CopyrightTags {
  return { ...(artist ? { artist } : {}), ...(copyright ? { copyright } : {}) };
}

interface ExifEntry {
  /** The TIFF structure, behind `Exif\0\0`. */
  block: Buffer;
  isBig: boolean;
  tag: number;
  type: number;
  /** Of a text. */
  bytes: number;
  at: number;
  long: (at: number) => number;
}

// Of the first directory, as far as it goes.
function eachEntry(exif: Buffer, visit: (entry: ExifEntry) => void): void {
  const block = exif.toString('latin1', 0, 4) === 'Exif' ? exif.subarray(6) : exif;
  const isBig = block[0] === 0x4d;
  const short = (at: number) => (isBig ? block.readUInt16BE(at) : block.readUInt16LE(at));
  const long = (at: number) => (isBig ? block.readUInt32BE(at) : block.readUInt32LE(at));
  try {
    if (short(2) !== 42) return; // BigTIFF has longer entries
    const directory = long(4);
    for (let at = directory + 2, left = short(directory); left > 0; left -= 1, at += 12) {
      visit({ block, isBig, tag: short(at), type: short(at + 2), bytes: long(at + 4), at, long });
    }
  } catch (error) {
    if (!isOutOfBounds(error)) throw error;
  }
}

// Looked through as bytes: as a text, 4 MiB of them took twice as long.
function readXmp(xmp: Buffer): CopyrightTags {
  const element = (name: string): string | undefined => {
    const start = xmp.indexOf(`<${name}>`);
    const end = start < 0 ? -1 : xmp.indexOf(`</${name}>`, start);
    const inside = end < 0 ? undefined : textBetween(xmp, start, end, MAX_TEXT);
    return cleaned(inside?.replace(MARKUP, ' ')) ?? cleaned(attribute(xmp, name));
  };
  return copyrightTags(element('dc:creator') ?? element('photoshop:Credit'), element('dc:rights'));
}

function attribute(xmp: Buffer, name: string): string | undefined {
  const start = xmp.indexOf(`${name}="`);
  if (start < 0) return undefined;
  const from = start + name.length + 2;
  return textBetween(xmp, from, xmp.indexOf('"', from), MAX_CHARACTERS);
}

/** Up to so many characters, of up to 4 bytes each. */
function textBetween(xmp: Buffer, start: number, end: number, characters: number): string {
  return xmp.toString('utf8', start, Math.min(end, start + 4 * characters)).slice(0, characters);
}

// One line of text; markup has no place in it.
function cleaned(text: string | undefined): string | undefined {
  const line = text
    ?.replace(/&(?:lt|gt|quot|apos|amp);/g, ' ')
    .replace(/[\u0000-\u001f\u007f<>]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line ? line.slice(0, MAX_CHARACTERS) : undefined;
}
