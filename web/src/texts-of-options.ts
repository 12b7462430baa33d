import type { Request } from './api/client.ts';
import { count } from './parts/format.ts';
import { HARDLY_VISIBLE, type Options } from './state/file/options.ts';

/** Channels as they are named in a line. */
const CHANNELS: Record<string, string> = {
  amazon: 'Amazon',
  ebay: 'eBay',
  google: 'Google Merchant Center',
  shopify: 'Shopify',
  walmart: 'Walmart',
  meta: 'Facebook and Instagram',
  zalando: 'Zalando',
  otto: 'OTTO Market',
  etsy: 'Etsy',
  web: 'the own shop, as WebP',
};

export const channelName = (channel: string): string => CHANNELS[channel] ?? channel;

const NAMES = new Map([
  ['{product}-{n}', 'by product and number'],
  ['{sku}-{n}', 'by SKU and number'],
  ['{original}', 'as the source'],
]);
const namedInWords = (name: string): string => `named ${NAMES.get(name) ?? name}`;

const METADATA: Record<string, string> = { copyright: 'copyright kept', all: 'all kept' };
const EFFORTS: Record<string, string> = { fast: 'little', best: 'much' };

/**
 * With which options the images of a request were compressed, in a line that says what each of them is:
 * `Quality 50, longest side 800 pixels, format WEBP`. Those that are as usual are left out.
 */
export function optionsInWords(request: Pick<Request, 'options' | 'renditions' | 'image_name'>): string {
  const { options, renditions, image_name: name } = request;
  const { effort, metadata } = options;
  const forms = renditions.map(({ name }) => name).join(' and ');
  const parts = [
    ...(options.for === null ? picturesInWords(options) : [`For ${channelName(options.for)}`]),
    EFFORTS[effort] && `time for an image: ${EFFORTS[effort]}`,
    METADATA[metadata] && `author and camera data: ${METADATA[metadata]}`,
    forms !== '' && `further ${renditions.length === 1 ? 'form' : 'forms'}: ${forms}`,
    name && namedInWords(name),
  ];
  return parts.filter(Boolean).join(', ');
}

/** What a channel says, where the images are for one. */
function picturesInWords(options: Request['options']): (string | false)[] {
  const { format, canvas } = options;
  const side = Math.max(options.max_width ?? 0, options.max_height ?? 0);
  return [
    aimInWords(options),
    side > 0 && `longest side ${side} pixels`,
    format === 'auto' && 'format: the smallest of all',
    format !== 'auto' && format !== 'keep' && `format ${format.toUpperCase()}`,
    canvas !== 'none' && `canvas ${canvas}`,
  ];
}

function aimInWords({ target, quality }: Request['options']): string {
  const [kind, number] = (target ?? '').split(':');
  if (kind === 'bytes') return `Size at most ${count(Number(number) / 1000)} KB an image`;
  if (kind === 'ssim' && Number(number) === HARDLY_VISIBLE) return `Hardly visible (similarity ${number})`;
  if (kind === 'ssim') return `Similarity at least ${number}`;
  if (target) return `Target ${target}`;
  return `Quality ${quality ?? 'as usual'}`;
}

/** What a form of options asks for, in words; nothing of what is as usual. */
export function choicesInWords(options: Options): string[] {
  const { channel, preset, aim, format, side, effort, metadata, sizes, imageName } = options;
  const aims: Record<Options['aim'], string> = {
    half: '',
    light: 'hardly visible',
    bytes: `at most ${count(options.kilobytes)} KB an image`,
    quality: `quality ${options.quality}`,
    similarity: `similarity ${options.similarity}`,
  };
  const own = [
    aims[aim],
    side > 0 && `longest side ${side} pixels`,
    format !== 'keep' && `format ${format === 'auto' ? 'the smallest' : format.toUpperCase()}`,
    EFFORTS[effort] && `time for an image: ${EFFORTS[effort]}`,
    METADATA[metadata] && `author and camera data: ${METADATA[metadata]}`,
  ];
  const parts = [
    channel !== 'any' && `for ${CHANNELS[channel]}`,
    preset !== '' && preset,
    ...(channel === 'any' && preset === '' ? own : []),
    preset === '' && sizes !== '' && `also in ${sizes.replaceAll(',', ', ')} wide`,
    imageName !== '' && namedInWords(imageName),
  ];
  return parts.filter((part) => typeof part === 'string' && part !== '') as string[];
}

/** What options of a channel make of a picture, in words. */
export function madeInWords(options: Record<string, unknown>): string[] {
  const { format, background, canvas, fill, max_width: width, max_height: height } = options;
  return [
    ...(format ? [String(format).toUpperCase()] : []),
    ...(width && height ? [`at most ${count(Number(width))} × ${count(Number(height))} pixels`] : []),
    ...(canvas ? [`shape ${String(canvas)}`] : []),
    ...(fill ? [`${String(fill)}% filled by what it shows`] : []),
    ...(background === '#ffffff' ? ['on white, also where it was transparent'] : []),
  ];
}
