import type { Request } from './api/client.ts';
import { count, percent } from './parts/format.ts';

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

const METADATA: Record<string, string> = { copyright: 'copyright kept', all: 'author and camera data kept' };
const EFFORTS: Record<string, string> = { fast: 'little time an image', best: 'as long as it pays' };

/** With which options the images of a request were compressed, in a line: `Quality 50, at most 800 pixels, as WEBP`. */
export function optionsInWords({ options, renditions }: Pick<Request, 'options' | 'renditions'>): string {
  const { format, effort, metadata } = options;
  const side = Math.max(options.max_width ?? 0, options.max_height ?? 0);
  const isOfChannel = options.for !== null;
  const parts = [
    isOfChannel ? `For ${CHANNELS[options.for!] ?? options.for}` : aimInWords(options),
    !isOfChannel && side > 0 && `at most ${side} pixels`,
    !isOfChannel && format === 'auto' && 'in the smallest format',
    !isOfChannel && format !== 'auto' && format !== 'keep' && `as ${format.toUpperCase()}`,
    !isOfChannel && options.canvas !== 'none' && `on a canvas of ${options.canvas}`,
    EFFORTS[effort],
    METADATA[metadata],
    renditions.length > 0 &&
      `${count(renditions.length)} further ${renditions.length === 1 ? 'form' : 'forms'}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function aimInWords({ target, quality }: Request['options']): string {
  const [kind, number] = (target ?? '').split(':');
  if (kind === 'bytes') return `At most ${count(Number(number) / 1000)} KB an image`;
  if (kind === 'ssim') return `At least ${percent(100 * Number(number))} alike`;
  if (target) return `Target ${target}`;
  return `Quality ${quality ?? 'as usual'}`;
}
