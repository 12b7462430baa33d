import type { Settings } from './settings.js';

/** Ports from which every shop and marketplace fetches images; others, such as Walmart, take no other. */
const FETCHED_PORTS = ['', '80', '443', '8080', '8443'];

/** What a name or address of this machine, or of a private network, looks like. */
const NOT_PUBLIC =
  /^(?:localhost|.*\.(?:localhost|local|internal|lan|home)|127\..*|10\..*|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*|169\.254\..*|0\.0\.0\.0|\[::1?\]|\[f[cd].*|\[fe[89ab].*)$/;

/** Of what we add behind the start of an address: the longest that is taken everywhere is 255 characters. */
const LONGEST_START = 255 - '/images/'.length - 33 - 85;

/**
 * Why shops and marketplaces can't fetch the images that we give out addresses of, as a sentence for operators and users; null where
 * nothing is known that stands against it.
 */
export function whyNoShopFetches(settings: Pick<Settings, 'S3_PUBLIC_URL' | 'publicUrl'>): string | null {
  const [name, start] = settings.S3_PUBLIC_URL
    ? (['S3_PUBLIC_URL', settings.S3_PUBLIC_URL] as const)
    : (['PUBLIC_URL', settings.publicUrl] as const);
  const { protocol, hostname, port } = new URL(start);
  const reasons = [
    NOT_PUBLIC.test(hostname.toLowerCase()) ? 'leads to this machine or a private network' : '',
    protocol === 'https:' ? '' : 'is not https',
    FETCHED_PORTS.includes(port) ? '' : `has the port ${port}`,
    start.length > LONGEST_START ? 'is too long' : '',
  ].filter((reason) => reason !== '');
  if (reasons.length === 0) return null;
  const last = reasons.pop()!;
  const all = reasons.length > 0 ? `${reasons.join(', ')} and ${last}` : last;
  return `Shops and marketplaces will not fetch the images: ${name} ${all}.`;
}
