import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../../config/loopback.js';
import { type Settings, settings } from '../../config/settings.js';
import { VERSION } from '../../config/version.js';
import { OutboundError } from '../../errors/app-error.js';
import { sweepFolder } from '../../files/sweep-folder.js';
import { Deadline } from '../deadline.js';
import { OutboundAgents } from '../outbound-agents.js';
import { statusError } from '../outbound-failure.js';
import { parseOutboundUrl, parseRedirect } from '../urls/outbound-url.js';
import { type CodingBounds, contentCodings, withoutCodings } from './content-coding.js';
import { KnownHosts } from './host-habits.js';
import { headersFor, type HostHeaders } from './host-headers.js';
import { httpGet } from './http-get.js';
import { RedirectCookies } from './redirect-cookies.js';
import { bounded, readStart, tooLarge, untilIdle } from './response-body.js';
import { SpooledBody } from './spooled-body.js';
import { conditions, type Validators, validatorsOf } from './validators.js';

/** Redirects followed. Chains of four and five are in use (http, https, www, storage, signed); browsers follow twenty. */
const MAX_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Times that one URL is asked with the same cookies in one chain: the second identical answer ends a loop. */
const MAX_SAME_REQUESTS = 2;

/** Successes with the whole file in the body; 203 is a 200 that a proxy changed (RFC 9110, section 15.3.4). */
const WHOLE_FILE = [200, 203];

/** A download under way is written to all the time, or ended by its idle timeout. */
const ORPHAN_AGE_MS = 60_000;

/** Bytes of an unwanted body that are read so that the connection can be used again. */
const MAX_SKIPPED_BYTES = 16 * 1024;

/**
 * What we would rather have: the original. Servers that see `image/webp` or `image/avif` here encode the picture again,
 * which costs quality before we begin.
 */
const ACCEPT = 'image/jpeg,image/png,image/gif,image/tiff;q=0.9,image/*;q=0.8,*/*;q=0.5';

/** How much a download may take. */
export interface DownloadOptions {
  /** Of the file, and of what was sent for it. */
  maxBytes: number;
  /** From the call to the last byte, redirects and name resolution included. */
  timeoutMs: number;
  /** Headers of the user's own, each for one host (see {@link headersFor}); they go nowhere else. */
  headers?: HostHeaders;
  /** Ends the download early; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** A downloaded file, with what a cache needs to ask for it again. Its `body` must be discarded. */
export interface Download extends Validators {
  body: SpooledBody;
  contentType?: string;
  /** Whether the server said where the file ends. Where not, a connection that was cut looks like the end. */
  hasKnownEnd: boolean;
}

/** Why a URL is refused, in the words that its {@link OutboundError} would have. Final. */
export type Refusal = Pick<OutboundError, 'code' | 'message'>;

/** Downloads files from addresses that users gave. Time, bytes and redirects are bounded, and no proxy is asked. */
@Injectable()
export class FileDownloader implements OnModuleInit {
  private readonly knownHosts = new KnownHosts();
  private readonly spoolFolder: string;

  constructor(
    private readonly agents: OutboundAgents,
    @Inject(settings.KEY) private readonly current: Settings,
  ) {
    this.spoolFolder = current.dataPath('tmp');
  }

  async onModuleInit(): Promise<void> {
    await sweepFolder(this.spoolFolder, ORPHAN_AGE_MS);
  }

  /**
   * Fetches a file, following redirects, each of them checked like the first URL.
   *
   * @throws OutboundError final: `URL_INVALID`, `ADDRESS_REFUSED`, `INSECURE_REDIRECT`, `TOO_MANY_REDIRECTS`,
   * `TLS_FAILED`, `RESPONSE_INVALID`, `DOWNLOAD_TOO_LARGE`, `EMPTY_BODY`, `CONTENT_ENCODING_REFUSED`, `HTTP_<status>`;
   * retryable: `HOST_NOT_FOUND`, `CONNECTION_FAILED`, `TIMEOUT`, `HTTP_408`, `HTTP_425`, `HTTP_429`, `HTTP_5xx`
   * (with `retryAfterMs` where the server asked). Throws `options.signal.reason` when the caller aborts.
   */
  async download(url: string, options: DownloadOptions): Promise<Download> {
    return (await this.downloadUnless(null, url, options))!;
  }

  /**
   * As {@link download}, but null where the server says that the file is still `known`. Only the URL that answered the
   * last time is asked: a validator means nothing to another server.
   */
  async downloadUnless(
    known: Validators | null,
    url: string,
    options: DownloadOptions,
  ): Promise<Download | null> {
    const deadline = new Deadline(options.timeoutMs, options.signal);
    try {
      const { response, target } = await this.follow(parseOutboundUrl(url), deadline, known, options.headers);
      if (response.statusCode === 304 && target.href === known?.url) {
        await readStart(response, MAX_SKIPPED_BYTES);
        return null;
      }
      return await this.receive(response, target, { maxBytes: options.maxBytes, signal: deadline.signal });
    } catch (error) {
      throw deadline.explain(error);
    } finally {
      deadline.clear();
    }
  }

  /**
   * Why {@link download} would refuse the URL whatever the network says, or null where only the network can tell.
   * Costs some microseconds: no call, and for a refused address no stack trace.
   */
  refusalOf(text: string): Refusal | null {
    try {
      const message = this.agents.reasonToRefuseDownload(parseOutboundUrl(text));
      return message === null ? null : { code: 'ADDRESS_REFUSED', message };
    } catch (error) {
      if (error instanceof OutboundError) return { code: error.code, message: error.message };
      throw error;
    }
  }

  private async follow(
    first: URL,
    deadline: Deadline,
    known: Validators | null,
    own?: HostHeaders,
  ): Promise<{ response: IncomingMessage; target: URL }> {
    const cookies = new RedirectCookies();
    const asked = new Map<string, number>();
    let target = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const reason = this.agents.reasonToRefuseDownload(target);
      if (reason !== null) throw new OutboundError('ADDRESS_REFUSED', reason);
      const ownHeaders = headersFor(target, first, own);
      const cookie = joined(ownHeaders.cookie, cookies.headerFor(target));
      const times = (asked.get(`${target.href} ${cookie}`) ?? 0) + 1;
      if (times > MAX_SAME_REQUESTS)
        throw new OutboundError('TOO_MANY_REDIRECTS', 'The server redirects in a loop.');
      asked.set(`${target.href} ${cookie}`, times);

      const response = await this.ask(
        target,
        { ...ownHeaders, ...conditions(known, target), cookie },
        deadline,
      );
      const { location } = response.headers;
      if (!REDIRECTS.includes(response.statusCode!) || location === undefined) return { response, target };
      await readStart(response, MAX_SKIPPED_BYTES);
      cookies.keep(target, response.headers['set-cookie']);
      target = parseRedirect(location, target);
    }
    throw new OutboundError('TOO_MANY_REDIRECTS', `The server redirects more than ${MAX_REDIRECTS} times.`);
  }

  /** One URL; after a 403 once more with a `Referer`, which servers ask for that give their images to their own pages only. */
  private async ask(url: URL, headers: Headers, deadline: Deadline): Promise<IncomingMessage> {
    if (headers.referer !== undefined) return this.get(url, headers, deadline);
    const referer = `${url.origin}/`;
    if (this.knownHosts.of(url.host).wantsReferer) return this.get(url, { ...headers, referer }, deadline);

    const response = await this.get(url, headers, deadline);
    if (response.statusCode !== 403) return response;
    await readStart(response, MAX_SKIPPED_BYTES);
    const second = await this.get(url, { ...headers, referer }, deadline);
    if (second.statusCode !== 403) this.knownHosts.learn(url.host, { wantsReferer: true });
    return second;
  }

  private async get(url: URL, headers: Headers, deadline: Deadline): Promise<IncomingMessage> {
    const { response, isLenient } = await httpGet(
      {
        url,
        headers: {
          'User-Agent': userAgent(this.current),
          Accept: ACCEPT,
          'Accept-Encoding': 'identity',
          ...withCapitals(headers),
        },
        agents: this.agents.downloads,
        signal: deadline.signal,
      },
      this.knownHosts.of(url.host).needsLeniency ?? false,
    );
    if (isLenient) this.knownHosts.learn(url.host, { needsLeniency: true });
    return response;
  }

  private async receive(response: IncomingMessage, url: URL, bounds: CodingBounds): Promise<Download> {
    const { maxBytes } = bounds;
    try {
      const { headers } = response;
      if (!WHOLE_FILE.includes(response.statusCode!)) {
        await readStart(response, MAX_SKIPPED_BYTES);
        throw statusError(response.statusCode!, headers['retry-after']);
      }
      const announced = Number(headers['content-length']); // NaN where it is not
      if (announced > maxBytes) throw tooLarge(maxBytes);
      const codings = contentCodings(headers['content-encoding']);
      const sent = bounded(untilIdle(response), maxBytes);
      const chunks = withoutCodings(sent, codings, bounds);
      const body = await SpooledBody.collect(chunks, this.spoolFolder, announced);
      if (body.bytes === 0) {
        await body.discard();
        throw new OutboundError('EMPTY_BODY', 'The server answered with an empty file.');
      }
      const hasKnownEnd = headers['content-length'] !== undefined || isChunked(headers);
      return {
        body,
        url: url.href,
        hasKnownEnd,
        contentType: headers['content-type'],
        ...validatorsOf(headers),
      };
    } catch (error) {
      response.destroy();
      throw error;
    }
  }
}

interface Headers {
  cookie?: string;
  referer?: string;
  authorization?: string;
  'user-agent'?: string;
  'if-none-match'?: string;
  'if-modified-since'?: string;
}

/** Written as browsers write them: some servers look for the very letters. Fields that are undefined are left out. */
function withCapitals(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter((entry): entry is [string, string] => entry[1] !== undefined)
      .map(([name, value]) => [name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()), value]),
  );
}

function joined(...cookies: (string | undefined)[]): string | undefined {
  return cookies.filter(Boolean).join('; ') || undefined;
}

/** As browsers begin theirs, because servers refuse what does not; then who we are, and where to complain. */
function userAgent({ USER_AGENT, publicUrl }: Settings): string {
  if (USER_AGENT) return USER_AGENT;
  const isPrivate = isLoopback(new URL(publicUrl).hostname);
  const contact = isPrivate ? '' : `; +${encodeURI(publicUrl)}`;
  return `Mozilla/5.0 (compatible; ImageProcessingSystem/${VERSION}${contact})`;
}

function isChunked(headers: IncomingHttpHeaders): boolean {
  return /\bchunked\b/i.test(headers['transfer-encoding'] ?? '');
}
