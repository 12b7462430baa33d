import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { isAxiosError, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { ClientRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { isLoopback } from '../config/loopback.js';
import { Settings, settings } from '../config/settings.js';
import { VERSION } from '../config/version.js';
import { OutboundError } from '../errors/app-error.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { AddressGuard } from './addresses/address-guard.js';
import { AllowedPrivate, type DialTarget } from './addresses/allowed-private.js';
import { Deadline } from './deadline.js';
import { guardedAgents, type GuardedAgents } from './guarded-agents.js';
import { HostResolver } from './addresses/host-resolver.js';
import { connectionError, statusError } from './outbound-failure.js';
import { hostOf, parseOutboundUrl, parseRedirect, portOf } from './outbound-url.js';
import { boundedChunks, IDLE_TIMEOUT_MS, readStart, tooLarge } from './download/response-body.js';
import { SpooledBody } from './download/spooled-body.js';
import { conditionsOf, type Validators, validatorsOf } from './download/validators.js';

/** Redirects followed by a download; the browsers' twenty only help those who set traps. */
const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Successes with the whole file in the body; 203 is a 200 that a proxy changed (RFC 9110, section 15.3.4). */
const WHOLE_FILE = [200, 203];

/** Encodings that hide the real size. Other labels (`aws-chunked`, `utf-8`) are mistakes beside plain bytes. */
const COMPRESSED = /\b(gzip|deflate|br|zstd|compress)\b/i;

/** A download under way is written to all the time, or ended by its idle timeout. */
const ORPHAN_AGE_MS = 60_000;

/** Bytes of an unwanted body that are read so that the connection can be used again. */
const MAX_SKIPPED_BYTES = 16 * 1024;
const MAX_ANSWER_BYTES = 1024;

/** How much a download may take. */
export interface DownloadOptions {
  maxBytes: number;
  /** From the call to the last byte, redirects and name resolution included. */
  timeoutMs: number;
  /** Ends the download early; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** A downloaded file, with what a cache needs to ask for it again. Its `body` must be discarded. */
export interface Download extends Validators {
  body: SpooledBody;
  contentType?: string;
}

/** Why a URL is refused, in the words that its {@link OutboundError} would have. Final. */
export type Refusal = Pick<OutboundError, 'code' | 'message'>;

/** How long a call may take. */
export interface PostOptions {
  timeoutMs: number;
  /** Ends the call early; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** What a server answered to {@link GuardedHttp.post}, whatever the status. */
export interface PostAnswer {
  status: number;
  headers: Record<string, string>;
  /** At most the first 1,024 bytes, as text; empty where the server compressed it. */
  body: string;
  durationMs: number;
}

type Request = Pick<AxiosRequestConfig, 'method' | 'data' | 'headers' | 'timeout'> & { url: URL };
type Response = AxiosResponse<Readable>;

/**
 * The only way out to an address that a user gave: every name and address is checked at the dial (see
 * {@link AddressGuard}), no proxy is asked, nothing is decompressed, and time, bytes and redirects are bounded.
 */
@Injectable()
export class GuardedHttp implements OnModuleInit, OnApplicationShutdown {
  private readonly downloads: GuardedAgents;
  private readonly calls: GuardedAgents;
  private readonly spoolFolder: string;
  private readonly downloadGuard: AddressGuard;
  private readonly callGuard: AddressGuard;

  /** @throws SettingsError where `ALLOW_PRIVATE` can't be read */
  constructor(
    private readonly http: HttpService,
    @Inject(settings.KEY) private readonly current: Settings,
    resolver: HostResolver,
  ) {
    const allowed = new AllowedPrivate(current.ALLOW_PRIVATE);
    this.callGuard = new AddressGuard(resolver, (target) => allowed.admits(target));
    this.downloadGuard = new AddressGuard(
      resolver,
      (target) => allowed.admits(target) || this.isOwnOrigin(target),
    );
    this.downloads = guardedAgents(this.downloadGuard, true);
    // A receiver is called once in a while: a connection kept would only be one that breaks at the next call.
    this.calls = guardedAgents(this.callGuard, false);
    this.spoolFolder = current.dataPath('tmp');
  }

  async onModuleInit(): Promise<void> {
    await sweepFolder(this.spoolFolder, ORPHAN_AGE_MS);
  }

  onApplicationShutdown(): void {
    for (const { http, https } of [this.downloads, this.calls]) {
      http.destroy();
      https.destroy();
    }
  }

  /**
   * Fetches a file, following up to three redirects, each of them checked like the first URL.
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
   * As {@link download}, but null where the server says that the file is still `known`. Asked is only the URL that
   * answered the last time: a validator means nothing to another server.
   */
  async downloadUnless(
    known: Validators | null,
    url: string,
    options: DownloadOptions,
  ): Promise<Download | null> {
    const deadline = new Deadline(options.timeoutMs, options.signal);
    try {
      const { response, target } = await this.follow(parseOutboundUrl(url), deadline, known);
      if (response.status === 304 && target.href === known?.url) {
        await readStart(response.data, MAX_SKIPPED_BYTES);
        return null;
      }
      return await this.receive(response, target, options.maxBytes);
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
      const message = this.downloadGuard.reasonToRefuseUrl(parseOutboundUrl(text));
      return message === null ? null : { code: 'ADDRESS_REFUSED', message };
    } catch (error) {
      if (error instanceof OutboundError) return { code: error.code, message: error.message };
      throw error;
    }
  }

  /**
   * The URL that {@link post} would call, after every check that needs no network: whoever gives us an address hears at
   * once what is wrong with it. What a name stands for is checked at the call.
   * @throws OutboundError `URL_INVALID`; `ADDRESS_REFUSED` where the host is an address that is not public
   */
  checkCallable(text: string): URL {
    const url = parseOutboundUrl(text);
    const reason = this.callGuard.reasonToRefuseUrl(url);
    if (reason !== null) throw new OutboundError('ADDRESS_REFUSED', reason);
    return url;
  }

  /**
   * Posts `body` as it is and returns the answer, whatever its status. Redirects are not followed: an answer that
   * sends a signed message elsewhere is a failure, for the caller to see by its status.
   *
   * @throws OutboundError final: `URL_INVALID`, `ADDRESS_REFUSED`, `TLS_FAILED`, `RESPONSE_INVALID`;
   * retryable: `HOST_NOT_FOUND`, `CONNECTION_FAILED`, `TIMEOUT`. Throws `options.signal.reason` when the caller aborts.
   */
  async post(
    url: string,
    body: string,
    headers: Record<string, string>,
    options: PostOptions,
  ): Promise<PostAnswer> {
    const deadline = new Deadline(options.timeoutMs, options.signal);
    const startedAt = performance.now();
    try {
      const request: Request = {
        method: 'POST',
        url: parseOutboundUrl(url),
        data: Buffer.from(body), // axios trims text, and the signature would no longer match
        headers,
        timeout: options.timeoutMs,
      };
      const response = await this.send(request, this.calls, deadline);
      return await readAnswer(response, startedAt);
    } catch (error) {
      throw deadline.explain(error);
    } finally {
      deadline.clear();
    }
  }

  private async follow(
    first: URL,
    deadline: Deadline,
    known: Validators | null,
  ): Promise<{ response: Response; target: URL }> {
    let target = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.fetch(target, deadline, known);
      const location: unknown = response.headers.location;
      if (!REDIRECTS.includes(response.status) || typeof location !== 'string') return { response, target };
      await readStart(response.data, MAX_SKIPPED_BYTES);
      target = parseRedirect(location, target);
    }
    throw new OutboundError('TOO_MANY_REDIRECTS', `The server redirects more than ${MAX_REDIRECTS} times.`);
  }

  private fetch(url: URL, deadline: Deadline, known: Validators | null): Promise<Response> {
    const request: Request = {
      method: 'GET',
      url,
      headers: { Accept: 'image/*,*/*;q=0.8', ...(known?.url === url.href ? conditionsOf(known) : {}) },
      timeout: IDLE_TIMEOUT_MS, // until the headers; the body is watched by boundedChunks
    };
    return this.send(request, this.downloads, deadline);
  }

  private async receive(response: Response, url: URL, maxBytes: number): Promise<Download> {
    try {
      if (!WHOLE_FILE.includes(response.status)) {
        await readStart(response.data, MAX_SKIPPED_BYTES);
        throw statusError(response.status, response.headers['retry-after']);
      }
      if (isCompressed(response)) {
        // We asked for plain bytes; a small body that unpacks to gigabytes is an old trick.
        throw new OutboundError('CONTENT_ENCODING_REFUSED');
      }
      if (Number(response.headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
      const body = await SpooledBody.collect(boundedChunks(response.data, maxBytes), this.spoolFolder);
      if (body.bytes === 0) {
        await body.discard();
        throw new OutboundError('EMPTY_BODY');
      }
      const contentType = response.headers['content-type'] as string | undefined;
      return { body, url: url.href, ...validatorsOf(response.headers), contentType };
    } catch (error) {
      response.data.destroy();
      throw error;
    }
  }

  private async send(request: Request, agents: GuardedAgents, deadline: Deadline): Promise<Response> {
    const config: AxiosRequestConfig = {
      ...request,
      url: request.url.href,
      headers: { 'User-Agent': this.userAgent, ...request.headers, 'Accept-Encoding': 'identity' },
      adapter: 'http', // the others know no agents, and the guard sits in those
      httpAgent: agents.http,
      httpsAgent: agents.https,
      proxy: false, // HTTP_PROXY in the environment would take the request past the agents
      maxRedirects: 0, // followed by hand, so that each hop is checked
      maxBodyLength: Infinity,
      decompress: false,
      responseType: 'stream',
      validateStatus: null,
      signal: deadline.signal,
    };
    try {
      const response = await firstValueFrom(this.http.request<Readable>(config));
      // At an abort axios emits 'error' on the body even when nobody reads it: unheard, it would end the process.
      response.data.on('error', () => undefined);
      return response;
    } catch (error) {
      if (isStaleConnection(error)) return await this.send(request, agents, deadline);
      throw isAxiosError(error) ? connectionError(error) : error;
    }
  }

  private get userAgent(): string {
    return `ImageProcessingSystem/${VERSION} (+${encodeURI(this.current.publicUrl)})`;
  }

  /**
   * In the default setup (loopback, no keys, no public URL) our own compressed images may be the input of another
   * upload. Read at each call: the port is known only after listening where `PORT` is 0.
   */
  private isOwnOrigin({ host, port, address }: DialTarget): boolean {
    const { HOST, API_KEYS, PUBLIC_URL, publicUrl } = this.current;
    if (!isLoopback(HOST) || API_KEYS.length > 0 || PUBLIC_URL !== undefined) return false;
    const own = new URL(publicUrl);
    return host === hostOf(own) && port === portOf(own) && isLoopback(address);
  }
}

async function readAnswer(response: Response, startedAt: number): Promise<PostAnswer> {
  const start = await readStart(response.data, MAX_ANSWER_BYTES);
  return {
    status: response.status,
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const),
    ),
    // As a stream, the decoder leaves out a character that the limit cut in two.
    body: isCompressed(response) ? '' : new TextDecoder().decode(start, { stream: true }),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

function isCompressed({ headers }: Response): boolean {
  return COMPRESSED.test(String(headers['content-encoding'] ?? ''));
}

/** The server closed a kept connection just as we wrote to it: it has not seen the request, which may go again. */
function isStaleConnection(error: unknown): boolean {
  if (!isAxiosError(error) || !(error.request instanceof ClientRequest)) return false;
  return error.request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
