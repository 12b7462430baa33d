import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { OutboundError } from '../errors/app-error.js';
import type { AddressGuard } from './addresses/address-guard.js';

/** Milliseconds for name resolution, TCP and TLS together. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** Idle connections kept for reuse: per host and port, and in all. */
const MAX_IDLE_PER_HOST = 16;
const MAX_IDLE = 64;

/**
 * Milliseconds that an idle connection is kept: less than the 5 s after which many servers close it, since a
 * request sent at that very moment is lost.
 */
const IDLE_CONNECTION_MS = 4_000;

/** Milliseconds for one of several addresses: Node's own 250 are too short for a host on the other side of the world. */
const ADDRESS_ATTEMPT_MS = 1_000;

type Connected = (error: Error | null, socket: Duplex) => void;

/** The agents through which every outbound request goes; there is no way to a socket past their guard. */
export interface GuardedAgents {
  http: http.Agent;
  https: https.Agent;
}

/** Agents that dial only what `guard` admits. With `keepAlive`, connections are kept for reuse. */
export function guardedAgents(guard: AddressGuard, { keepAlive }: { keepAlive: boolean }): GuardedAgents {
  const options: https.AgentOptions = {
    keepAlive,
    maxFreeSockets: MAX_IDLE_PER_HOST,
    timeout: IDLE_CONNECTION_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
  };
  return {
    http: new GuardedHttpAgent(guard, options),
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED=0, set for something else, can't switch the check off.
    https: new GuardedHttpsAgent(guard, { ...options, rejectUnauthorized: true }),
  };
}

class GuardedHttpAgent extends http.Agent {
  constructor(
    private readonly guard: AddressGuard,
    options: http.AgentOptions,
  ) {
    super(options);
  }

  override createConnection(
    options: http.ClientRequestArgs,
    connected?: Connected,
  ): Duplex | null | undefined {
    return dial(this.guard, options, connected, 'connect', (guarded) => super.createConnection(guarded));
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return hasRoom(this) && keeps(super.keepSocketAlive(socket));
  }
}

class GuardedHttpsAgent extends https.Agent {
  constructor(
    private readonly guard: AddressGuard,
    options: https.AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, connected?: Connected): Duplex | null | undefined {
    return dial(this.guard, options, connected, 'secureConnect', (guarded) =>
      super.createConnection(guarded),
    );
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return hasRoom(this) && keeps(super.keepSocketAlive(socket));
  }
}

function dial<Options extends http.ClientRequestArgs>(
  guard: AddressGuard,
  options: Options,
  connected: Connected | undefined,
  connectedEvent: string,
  connect: (guarded: Options) => Duplex | null | undefined,
): Duplex | null | undefined {
  const host = options.host ?? '';
  const port = Number(options.port);
  try {
    // Node asks `lookup` for names only: an address in the URL has to be checked here.
    if (isIP(host)) guard.check({ host, port, address: host });
  } catch (error) {
    connected?.(error as Error, undefined as never);
    return undefined;
  }
  const socket = connect({ ...options, lookup: guard.lookupFor(port) });
  if (socket) limitConnectTime(socket, connectedEvent);
  return socket;
}

function limitConnectTime(socket: Duplex, connectedEvent: string): void {
  const timer = setTimeout(() => {
    socket.destroy(
      new OutboundError(
        'TIMEOUT',
        `The server did not accept a connection within ${CONNECT_TIMEOUT_MS / 1000} s.`,
      ),
    );
  }, CONNECT_TIMEOUT_MS);
  const stop = () => clearTimeout(timer);
  socket.once(connectedEvent, stop).once('close', stop);
}

/** A list of ten thousand hosts must not leave a connection open to each. */
function hasRoom(agent: http.Agent): boolean {
  const idle = Object.values(agent.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0);
  return idle < MAX_IDLE;
}

/** Node's own method answers with a boolean, which its type does not say. */
function keeps(answer: unknown): boolean {
  return answer !== false;
}
