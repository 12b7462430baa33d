import { isIP } from 'node:net';
import { OutboundError } from '../../errors/app-error.js';
import { parseUrl } from './parse-url.js';
import { isHostName } from '../addresses/host-name.js';

/** Longest URL taken from a user, in characters. */
export const MAX_URL_LENGTH = 2048;

/**
 * The parsed URL that a user gave, after every check that needs no network: absolute http or https, no user info,
 * no backslash, control character or blank, at most {@link MAX_URL_LENGTH} characters, a possible host. Whether
 * the host may be dialled is decided at the dial.
 * @throws OutboundError `URL_INVALID`
 */
export function parseOutboundUrl(text: string): URL {
  if (text.length > MAX_URL_LENGTH) {
    throw new OutboundError('URL_INVALID', `The URL is longer than ${MAX_URL_LENGTH} characters.`);
  }
  // The URL parser mends all of these; other programs read them in another way, and attacks live in the gap.

  if (/[\s\\\u0000-\u001f\u007f-\u009f]/.test(text)) {
    throw new OutboundError('URL_INVALID', 'The URL has a blank, a backslash or a control character in it.');
  }
  if (!/^https?:\/\/[^/?#]/i.test(text)) {
    throw new OutboundError('URL_INVALID', 'The URL does not start with http:// or https:// and a host.');
  }
  if (/^[^/]*\/\/[^/?#]*@/.test(text)) throw userInfoError();
  return checked(text);
}

/**
 * Where a redirect leads: `location` as the header gave it, relative to the URL that answered.
 * @throws OutboundError `URL_INVALID`, `INSECURE_REDIRECT` (from https to http: somebody between us and the server could
 * then replace the image, which the user asked to be fetched safely)
 */
export function parseRedirect(location: string, from: URL): URL {
  // Node reads headers as Latin-1; servers that send other characters unescaped mean UTF-8.
  const target = checked(Buffer.from(location, 'latin1').toString('utf8'), from);
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new OutboundError('INSECURE_REDIRECT', 'The server redirects from https to http.');
  }
  return target;
}

/** The URL's host as it is dialled: a lower-case name, or an address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** The URL's port, with the default of its scheme filled in. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function checked(text: string, base?: URL): URL {
  const url = parseUrl(text, base);
  if (!url) throw new OutboundError('URL_INVALID', 'The URL can not be read.');
  // axios answers `data:` by itself, and newer schemes may follow: only these two go on.
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutboundError('URL_INVALID', 'The URL is neither http nor https.');
  }
  if (url.username !== '' || url.password !== '') throw userInfoError();
  const host = hostOf(url);
  if (isIP(host) === 0 && !isHostName(host)) {
    throw new OutboundError('URL_INVALID', 'The host in the URL is no possible host name.');
  }
  url.hash = '';
  return url;
}

function userInfoError(): OutboundError {
  return new OutboundError('URL_INVALID', 'The URL has a user name or a password in it.');
}
