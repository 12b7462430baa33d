import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { OutboundError } from '../../errors/app-error.js';
import type { GuardedAgents } from '../guarded-agents.js';
import { connectionError, isUnreadable, statusError } from '../outbound-failure.js';
import { hostOf, portOf } from '../urls/outbound-url.js';
import { LenientSocket, MAX_HEADER_BYTES } from './lenient-socket.js';
import { IDLE_TIMEOUT_MS } from './response-body.js';

/** One GET request, without redirects. */
export interface GetRequest {
  url: URL;
  headers: http.OutgoingHttpHeaders;
  agents: GuardedAgents;
  /** Ends the request and the body that it gave. */
  signal: AbortSignal;
}

/** The answer, its body not yet read, and whether its header section could only be read leniently. */
export interface GetAnswer {
  response: IncomingMessage;
  isLenient: boolean;
}

/**
 * Sends a GET request through guarded agents. Header sections are read strictly first; one that the parser refuses is
 * asked for once more, on a connection of its own, and mended as browsers do ({@link LenientSocket}).
 *
 * @param lenient asks leniently at once
 * @throws OutboundError `ADDRESS_REFUSED`, `HOST_NOT_FOUND`, `CONNECTION_FAILED`, `TIMEOUT` (no header section within
 * 10 s), `TLS_FAILED`, `RESPONSE_INVALID`, `HTTP_101`
 */
export async function httpGet(request: GetRequest, lenient: boolean): Promise<GetAnswer> {
  try {
    if (lenient) return { response: await send(request, throughLenientSocket(request)), isLenient: true };
    return { response: await sendAgainIfStale(request), isLenient: false };
  } catch (error) {
    if (!lenient && isUnreadable(error)) return httpGet(request, true);
    throw connectionError(error);
  }
}

/** A server may close a kept connection just as we write to it; it has not seen the request, which may go again. */
async function sendAgainIfStale(request: GetRequest): Promise<IncomingMessage> {
  for (;;) {
    const state = { isReused: false };
    try {
      return await send(request, { agent: agentOf(request) }, state);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!state.isReused || (code !== 'ECONNRESET' && code !== 'EPIPE')) throw error;
    }
  }
}

function send(
  { url, headers, signal }: GetRequest,
  connection: https.RequestOptions,
  state = { isReused: false },
): Promise<IncomingMessage> {
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(url, {
      headers,
      signal,
      maxHeaderSize: MAX_HEADER_BYTES,
      ...connection,
    });
    const timer = setTimeout(() => request.destroy(tooSlow()), IDLE_TIMEOUT_MS);
    request.on('response', (response) => {
      clearTimeout(timer);
      response.on('error', () => undefined); // an abort must not end the process where nobody reads the body
      resolve(response);
    });
    // Node has no answer to a switch of protocols that nobody listens for: neither `response` nor `error` ever comes.
    request.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy();
      reject(statusError(statusCode!));
    });
    request.on('close', () => {
      clearTimeout(timer);
      reject(new Error('closed without an answer')); // does nothing behind an answer or an error
    });
    // Not `once`: a parser can fail behind the end of a body, too.
    request.on('error', (error) => {
      clearTimeout(timer);
      state.isReused = request.reusedSocket;
      reject(error);
    });
    request.end();
  });
}

function agentOf({ url, agents }: GetRequest): http.Agent {
  return url.protocol === 'https:' ? agents.https : agents.http;
}

/** A connection of its own, dialled by the guarded agent and closed after the answer. */
function throughLenientSocket(request: GetRequest): https.RequestOptions {
  const { url } = request;
  const host = hostOf(url);
  // Not in the type of an agent, but documented: https://nodejs.org/api/http.html#agentcreateconnectionoptions-callback
  const agent = agentOf(request) as unknown as {
    createConnection(
      options: object,
      done: (error: Error | null, socket: Duplex) => void,
    ): Duplex | undefined;
  };
  return {
    defaultPort: portOf(url),
    createConnection: (options, done) => {
      const named = { ...options, host, servername: isIP(host) ? '' : host };
      const socket = agent.createConnection(named, done);
      return socket && new LenientSocket(socket);
    },
  };
}

function tooSlow(): OutboundError {
  return new OutboundError('TIMEOUT', 'The server did not answer in time.');
}
