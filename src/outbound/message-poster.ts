import { HttpService } from '@nestjs/axios';
import { Inject, Injectable } from '@nestjs/common';
import { isAxiosError, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { Readable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { type Settings, settings } from '../config/settings.js';
import { VERSION } from '../config/version.js';
import { OutboundError } from '../errors/app-error.js';
import { Deadline } from './deadline.js';
import { contentCodings } from './download/content-coding.js';
import { readStart } from './download/response-body.js';
import { OutboundAgents } from './outbound-agents.js';
import { connectionError, isNoStatus, statusError } from './outbound-failure.js';
import { parseOutboundUrl } from './urls/outbound-url.js';

/** Bytes of an answer that are kept. */
const MAX_ANSWER_BYTES = 1024;

/** How long a post may take. */
export interface PostOptions {
  timeoutMs: number;
  /** Ends the post early; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** What a server answered to {@link MessagePoster.post}, with any status. */
export interface PostAnswer {
  status: number;
  headers: Record<string, string>;
  /** At most the first 1,024 bytes, as text; empty where the server compressed it. */
  body: string;
  durationMs: number;
}

/** Posts messages to addresses that users gave. No proxy is asked, and every address is checked at the dial. */
@Injectable()
export class MessagePoster {
  constructor(
    private readonly http: HttpService,
    private readonly agents: OutboundAgents,
    @Inject(settings.KEY) private readonly current: Settings,
  ) {}

  /**
   * The URL that {@link post} would call, after every check that needs no network.
   * @throws OutboundError `URL_INVALID`; `ADDRESS_REFUSED` where the host or the port can never be called
   */
  checkCallable(text: string): URL {
    const url = parseOutboundUrl(text);
    const reason = this.agents.reasonToRefusePost(url);
    if (reason !== null) throw new OutboundError('ADDRESS_REFUSED', reason);
    return url;
  }

  /**
   * Posts `body` as it is and returns the answer, with any status. Redirects are not followed: an answer that
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
      const response = await this.send(parseOutboundUrl(url), body, headers, options.timeoutMs, deadline);
      return await readAnswer(response, startedAt);
    } catch (error) {
      throw deadline.explain(error);
    } finally {
      deadline.clear();
    }
  }

  private async send(
    url: URL,
    body: string,
    headers: Record<string, string>,
    timeoutMs: number,
    deadline: Deadline,
  ): Promise<AxiosResponse<Readable>> {
    const config: AxiosRequestConfig = {
      method: 'POST',
      url: url.href,
      data: Buffer.from(body), // axios trims text, and the signature would no longer match
      headers: { 'User-Agent': this.userAgent, ...headers, 'Accept-Encoding': 'identity' },
      timeout: timeoutMs,
      adapter: 'http', // the others know no agents, and the agents hold the address check
      httpAgent: this.agents.posts.http,
      httpsAgent: this.agents.posts.https,
      proxy: false, // HTTP_PROXY in the environment would take the request past the agents
      maxRedirects: 0,
      maxBodyLength: Infinity,
      decompress: false,
      responseType: 'stream',
      validateStatus: null,
      signal: deadline.signal,
    };
    try {
      const response = await firstValueFrom(this.http.request<Readable>(config));
      // At an abort axios emits 'error' on the body even when nobody reads it; without a listener the process would end.
      response.data.on('error', () => undefined);
      if (isNoStatus(response.status)) {
        response.data.destroy();
        throw statusError(response.status);
      }
      return response;
    } catch (error) {
      throw isAxiosError(error) ? connectionError(error) : error;
    }
  }

  private get userAgent(): string {
    return `ImageProcessingSystem/${VERSION} (+${encodeURI(this.current.publicUrl)})`;
  }
}

async function readAnswer(response: AxiosResponse<Readable>, startedAt: number): Promise<PostAnswer> {
  const start = await readStart(response.data, MAX_ANSWER_BYTES);
  const isPlain = contentCodings(response.headers['content-encoding'] as string | undefined).length === 0;
  return {
    status: response.status,
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const),
    ),
    // As a stream, the decoder leaves out a character that the limit cut in two.
    body: isPlain ? new TextDecoder().decode(start, { stream: true }) : '',
    durationMs: Math.round(performance.now() - startedAt),
  };
}
