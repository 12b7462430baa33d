/** Cookies kept for one chain of redirects, and characters of one. More than any server needs for a redirect. */
const MAX_COOKIES = 20;
const MAX_COOKIE_LENGTH = 4096;

/** A name and a value (RFC 6265, section 4.1.1), without what could begin another header. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[\x21-\x7e]*$/;
const IS_DELETED = /;\s*max-age\s*=\s*(-|0+\s*(;|$))/i;

/**
 * The cookies that servers set while they redirect one download: some send the picture only to a client that brings the
 * cookie back. Each goes to the host that set it, and all are forgotten with the download.
 */
export class RedirectCookies {
  private readonly byHost = new Map<string, Map<string, string>>();
  private count = 0;

  /** Keeps what `url` set with its answer. */
  keep(url: URL, setCookie: readonly string[] = []): void {
    for (const text of setCookie) {
      const [pair] = text.slice(0, MAX_COOKIE_LENGTH).split(';', 1);
      const equals = pair.indexOf('=');
      const name = pair.slice(0, Math.max(equals, 0)).trim();
      const value = pair.slice(equals + 1).trim();
      if (NAME.test(name) && VALUE.test(value))
        this.set(url.host, name, IS_DELETED.test(text) ? undefined : value);
    }
  }

  /** The `Cookie` header for `url`; undefined where there is none. */
  headerFor(url: URL): string | undefined {
    const cookies = [...(this.byHost.get(url.host) ?? [])];
    return cookies.length === 0 ? undefined : cookies.map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private set(host: string, name: string, value: string | undefined): void {
    const cookies = this.byHost.get(host) ?? new Map<string, string>();
    this.byHost.set(host, cookies);
    if (cookies.delete(name)) this.count--;
    if (value === undefined || this.count >= MAX_COOKIES) return;
    cookies.set(name, value);
    this.count++;
  }
}
