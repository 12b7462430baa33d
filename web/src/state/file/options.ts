import type { Request, RequestOptions } from '../../api/client.ts';

/** Where images can go; `any`: how they become is said below. */
export type Channel = 'any' | NonNullable<RequestOptions['for']>;

const CHANNELS: Channel[] = ['amazon', 'ebay', 'etsy', 'google', 'meta', 'shopify', 'walmart'];

/** The channel that a profile of files belongs to, such as `etsy` or `shopify-2025`; undefined where there is none. */
export const channelOf = (profile?: string): Channel | undefined =>
  CHANNELS.find((channel) => profile === channel || profile?.startsWith(`${channel}-`));

/** What is done with the images, as the form asks for it. */
export interface Options {
  channel: Channel;
  /** The name of a preset, whose options count in place of all below but the names of results; empty for none. */
  preset: string;
  /** `half` and `light` are fixed; the others take their number from below. */
  aim: 'half' | 'light' | 'bytes' | 'quality' | 'similarity';
  kilobytes: number;
  quality: number;
  similarity: number;
  format: 'keep' | 'auto' | 'jpeg' | 'png' | 'webp' | 'avif';
  /** Longest side in pixels; 0 for as it is. */
  side: number;
  effort: 'fast' | 'balanced' | 'best';
  metadata: 'none' | 'copyright' | 'all';
  /** Widths in which the pictures are made as well, such as `400,800`; empty for none. */
  sizes: string;
  /** What results are called, such as `{product}-{n}`; empty for `image`. */
  imageName: string;
}

export const USUAL: Options = {
  channel: 'any',
  preset: '',
  aim: 'half',
  kilobytes: 100,
  quality: 75,
  similarity: 0.98,
  format: 'keep',
  side: 0,
  effort: 'balanced',
  metadata: 'none',
  sizes: '',
  imageName: '',
};

const STORED_AS = 'image-processing.options';

/** Those of the last start in this browser. */
export function rememberedOptions(): Options {
  try {
    return { ...USUAL, ...JSON.parse(localStorage.getItem(STORED_AS) ?? '{}') };
  } catch {
    return USUAL;
  }
}

/** Whether options are those of the last start. */
export const areRemembered = (options: Options): boolean =>
  JSON.stringify(options) === JSON.stringify(rememberedOptions());

export function rememberOptions(options: Options): void {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(options));
  } catch {
    // Without storage they are the usual ones the next time.
  }
}

/** Similarity that is hardly told from the source, even side by side. */
export const HARDLY_VISIBLE = 0.99;

const WIDTHS = /^[1-9]\d{0,4}(?:\s*,\s*[1-9]\d{0,4})*$/;

/** Whether it is a list of widths as the service takes it, each of them once. */
export function isListOfWidths(text: string): boolean {
  return WIDTHS.test(text) && new Set(widthsOf(text)).size === widthsOf(text).length;
}

export const widthsOf = (sizes: string): number[] => (sizes === '' ? [] : sizes.split(',').map(Number));

/** The fields of the upload that are about pictures. What is as usual is left out, so that the service's own settings count. */
export function fieldsOf(options: Options): Record<string, string> {
  if (options.preset !== '') return { preset: options.preset };
  const further = widthsOf(options.sizes).map((width) => ({ name: String(width), max_width: width }));
  // Not the field `sizes`: that would make the picture itself no wider than the widest.
  return { ...ownFields(options), ...(further.length === 0 ? {} : { renditions: JSON.stringify(further) }) };
}

/** The field of the upload that names results. */
export const fieldsOfNames = ({ imageName }: Options): Record<string, string> =>
  imageName === '' ? {} : { image_name: imageName };

function ownFields(options: Options): Record<string, string> {
  const fields: Record<string, string> = {};
  // A channel says how large, how good and in which format.
  if (options.channel !== 'any') return { for: options.channel };
  if (options.aim === 'light') fields.target = `ssim:${HARDLY_VISIBLE}`;
  if (options.aim === 'bytes') fields.target = `bytes:${Math.round(options.kilobytes * 1000)}`;
  if (options.aim === 'similarity') fields.target = `ssim:${options.similarity}`;
  if (options.aim === 'quality') fields.quality = String(options.quality);
  if (options.aim === 'half') fields.quality = '50';
  if (options.side > 0) fields.max_width = fields.max_height = String(options.side);
  for (const name of ['format', 'effort', 'metadata'] as const)
    if (options[name] !== USUAL[name]) fields[name] = options[name];
  return fields;
}

/** The options of an earlier request, to run it again. */
export function optionsOf({ options: given, renditions, image_name: name }: Request): Options {
  const { format, effort, metadata } = given;
  const sizes = renditions
    .map((form) => form.name)
    .filter(isListOfWidths)
    .join();
  // Of the field `sizes` the largest was that of the picture itself.
  const isOfWidths = sizes !== '' && given.max_width === Math.max(...widthsOf(sizes));
  const side = isOfWidths ? 0 : (given.max_width ?? given.max_height ?? 0);
  const usual = { ...USUAL, sizes, imageName: name ?? '' };
  if (given.for) return { ...usual, channel: given.for };
  const options = { ...usual, format, effort, metadata, side };
  const [kind, number] = (given.target ?? '').split(':');
  if (kind === 'bytes') return { ...options, aim: 'bytes', kilobytes: Number(number) / 1000 };
  if (kind === 'ssim' && Number(number) === HARDLY_VISIBLE) return { ...options, aim: 'light' };
  if (kind === 'ssim') return { ...options, aim: 'similarity', similarity: Number(number) };
  const quality = parseInt(String(given.quality ?? 50));
  return quality === 50 ? { ...options, aim: 'half' } : { ...options, aim: 'quality', quality };
}
