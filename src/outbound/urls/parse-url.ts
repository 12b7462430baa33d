/**
 * The URL (WHATWG), or null where `text` is none. In place of `URL.canParse`: under Node 20 that begins to refuse
 * addresses with letters such as `ü` once it has been called some thousand times and is optimised.
 */
export function parseUrl(text: string, base?: string | URL): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/** Host and port as they stand in an http or https URL without user info, in lower case: without the price of a parser. */
export function hostIn(url: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1].toLowerCase() ?? '';
}

/** The host of a URL, with its port unless it is that of the scheme: the name of one server. Empty for no URL. */
export function hostAndPort(url: string): string {
  return parseUrl(url)?.host ?? '';
}
