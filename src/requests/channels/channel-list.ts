import type { CompressionFields } from '../../compression/options.js';

export const CHANNEL_NAMES = [
  ...(['amazon', 'ebay', 'google', 'shopify', 'walmart', 'meta', 'zalando', 'otto', 'etsy', 'web'] as const),
] as const;
export type ChannelName = (typeof CHANNEL_NAMES)[number];

/** What a channel demands of an image. */
export type ChannelRule =
  | 'min_longest_side'
  | 'min_width'
  | 'min_height'
  | 'max_side'
  | 'max_side_sum'
  | 'max_pixels'
  | 'shape'
  | 'formats'
  | 'max_bytes'
  | 'background'
  | 'min_quality';

/** A number or word that a channel demands, and where that was read. */
export interface Demand {
  rule: ChannelRule;
  /** `shape`: width and height; `formats`: names separated by commas; `background`: a colour. */
  value: number | string;
  /** Whose page it stands on. */
  source: string;
  /** `false`: not on the channel's own page. */
  isConfirmed: boolean;
  /** When it was read: year and month. */
  read: string;
}

/** A shop or marketplace, and how its images are made and judged. */
export interface Channel {
  name: ChannelName;
  title: string;
  /** What an upload for it asks for, unless it says otherwise. */
  fields: CompressionFields;
  demands: Demand[];
}

const READ = '2026-11';

type Value = Pick<Demand, 'rule' | 'value'>;
/** As the channel's own page says. */
const own = (source: string, ...values: Value[]): Demand[] =>
  values.map((value) => ({ ...value, source, isConfirmed: true, read: READ }));
/** As others say of it. */
const others = (source: string, ...values: Value[]): Demand[] =>
  values.map((value) => ({ ...value, source, isConfirmed: false, read: READ }));
const is = (rule: ChannelRule, value: number | string): Value => ({ rule, value });

/** Channels that encode again get this at least: what is lost twice shows. */
const FLOOR = 90;
const AGAIN = { format: 'jpeg', quality: String(FLOOR), background: '#ffffff' } as const;
const SQUARE = { ...AGAIN, canvas: '1:1', trim: 'true', fill: 85 } as const;
const floor = (source = 'this service: the channel encodes again'): Demand[] =>
  others(source, is('min_quality', FLOOR));
const within = (pixels: number) => ({ max_width: pixels, max_height: pixels });

/** What each channel demands, with where and when it was read; what is wanted there decides the fields. */
export const CHANNELS: readonly Channel[] = [
  {
    name: 'amazon',
    title: 'Amazon, main image',
    fields: { ...SQUARE, ...within(2000) },
    demands: [
      ...others('e-tailize.com, mercatuslab.com', is('min_longest_side', 500), is('max_side', 10_000)),
      ...others('changethisfile.com', is('formats', 'jpeg,png,tiff,gif'), is('max_bytes', 10_000_000)),
      ...others('e-tailize.com', is('background', '#ffffff')),
      ...floor(),
    ],
  },
  {
    name: 'ebay',
    title: 'eBay',
    fields: { ...AGAIN, ...within(1600) },
    demands: [
      ...own(
        'developer.ebay.com, PictureDetailsType',
        is('min_longest_side', 500),
        is('max_side_sum', 12_000),
        is('formats', 'avif,bmp,gif,heic,jpeg,png,tiff,webp'),
        is('min_quality', FLOOR),
      ),
      ...others('developer.ebay.com, KB 1489 in an old copy', is('max_bytes', 12_000_000)),
    ],
  },
  {
    name: 'google',
    title: 'Google Merchant Center',
    fields: { ...SQUARE, ...within(1500) },
    demands: [
      // In force from 31 January 2027; until then 100, and 250 for clothing.
      ...own(
        'support.google.com, 6324350',
        is('min_width', 500),
        is('min_height', 500),
        is('max_pixels', 64_000_000),
        is('formats', 'jpeg,webp,png,gif,bmp,tiff'),
        is('max_bytes', 16_000_000),
      ),
      ...floor(),
    ],
  },
  {
    name: 'shopify',
    title: 'Shopify',
    fields: { ...AGAIN, ...within(2048) },
    demands: [
      ...others(
        'sellshot.app, photoroom.com',
        is('min_longest_side', 800),
        is('max_side', 5000),
        is('max_pixels', 25_000_000),
        is('max_bytes', 20_000_000),
      ),
      ...own('shopify.dev', is('formats', 'jpeg,png,webp,gif,heic')),
      ...floor(),
    ],
  },
  {
    name: 'walmart',
    title: 'Walmart Marketplace',
    fields: { ...SQUARE, ...within(2200) },
    demands: [
      ...own(
        'marketplacelearn.walmart.com',
        is('min_longest_side', 1500),
        is('shape', '1:1'),
        is('formats', 'jpeg,png,bmp'),
        is('max_bytes', 5_000_000),
        is('background', '#ffffff'),
      ),
      ...floor(),
    ],
  },
  {
    name: 'meta',
    title: 'Meta (Facebook, Instagram)',
    fields: { ...AGAIN, ...within(1024), canvas: '1:1' },
    demands: [
      ...others(
        'feedon.ai, businessonbot.com',
        is('min_width', 500),
        is('min_height', 500),
        is('shape', '1:1'),
        is('formats', 'jpeg,png'),
        is('max_bytes', 8_000_000),
      ),
      ...floor(),
    ],
  },
  {
    name: 'zalando',
    title: 'Zalando',
    fields: { ...AGAIN, canvas: '1:1.44', max_width: 1801, max_height: 2600 },
    demands: [
      ...own(
        'partner.zalando.com',
        is('min_width', 762),
        is('min_height', 1100),
        is('shape', '1:1.44'),
        is('formats', 'jpeg'),
        is('max_bytes', 20_000_000),
      ),
      ...floor(),
    ],
  },
  {
    name: 'otto',
    title: 'OTTO Market',
    fields: { ...AGAIN, ...within(2000), trim: 'true', fill: 85 },
    demands: [
      ...others(
        'marcos-software.de',
        is('min_width', 480),
        is('min_height', 960),
        is('max_side', 4500),
        is('formats', 'jpeg,png'),
      ),
      ...floor(),
    ],
  },
  {
    name: 'etsy',
    title: 'Etsy',
    fields: { ...AGAIN, ...within(2000) },
    demands: [
      ...others(
        'dev.to/herofab, hauld.app, etsyshop.ai',
        is('min_longest_side', 635),
        is('formats', 'jpeg,png,gif'),
        is('max_bytes', 10_000_000),
      ),
      ...floor(),
    ],
  },
  {
    name: 'web',
    title: 'A shop of your own',
    fields: { format: 'webp', ...within(2048) },
    demands: others('this service: what every browser shows', is('formats', 'webp,jpeg,png,gif,avif')),
  },
];

/** The channel of the name. */
export function channelOf(name: ChannelName): Channel {
  return CHANNELS.find((channel) => channel.name === name)!;
}
