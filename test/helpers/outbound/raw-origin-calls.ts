import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Settings } from '../../../src/config/settings.js';
import type { HostResolver } from '../../../src/outbound/addresses/host-resolver.js';
import type { DownloadOptions } from '../../../src/outbound/download/file-downloader.js';
import { BEHAVIOURS, MAX_BYTES } from '../servers/raw-origin.js';
import { RawServer } from '../servers/raw-server.js';
import { turns, until } from '../wait.js';
import { failureOf, type OutboundClients, outboundClients } from './clients.js';

/** The deadline of a call that meets it, and of one that must not, however slow the machine is. */
export const SHORT_MS = 700;
export const LONG_MS = 30_000;
/** Less than the timeouts inside the deadline: what ends earlier ended because of the deadline. */
export const BY_DEADLINE_MS = 9_000;

/** Calls to the server whose paths `BEHAVIOURS` lists. */
export class RawOriginCalls {
  server!: RawServer;
  client!: OutboundClients;
  private dataFolder!: string;

  async start(): Promise<void> {
    this.server = await RawServer.start((socket, request) => {
      const target = targetOf(request);
      if (target) BEHAVIOURS[target]?.(socket, request);
    });
    this.dataFolder = await mkdtemp(path.join(tmpdir(), 'outbound-'));
  }

  async stop(): Promise<void> {
    this.server.close();
    await rm(this.dataFolder, { recursive: true });
  }

  /** Begins a test: clients that have no connection yet, and no calls. */
  begin(): void {
    this.server.requests.splice(0);
    this.client = this.clients();
  }

  /** Ends a test: no temporary file is left by anything that happened in it. */
  async end(): Promise<void> {
    expect(await readdir(path.join(this.dataFolder, 'tmp')).catch(() => [])).toEqual([]);
    expect(await openSpoolFiles()).toEqual([]);
    this.client.agents.onApplicationShutdown();
    this.server.closeConnections();
  }

  clients(resolver?: HostResolver): OutboundClients {
    const settings = Object.assign(new Settings(), {
      DATA_DIR: this.dataFolder,
      ALLOW_PRIVATE: [this.server.host, '127.0.0.1:1'],
      PUBLIC_URL: 'https://images.test/',
    });
    return outboundClients(settings, resolver);
  }

  get url(): string {
    return `http://${this.server.host}`;
  }

  /** The paths that were asked for. */
  get targets(): string[] {
    return this.server.requests.map(targetOf).filter((target) => target !== undefined);
  }

  download(target: string, options: Partial<DownloadOptions> = {}) {
    const bounds = { maxBytes: MAX_BYTES, timeoutMs: LONG_MS, ...options };
    return this.client.downloader.download(this.url + target, bounds);
  }

  async textOf(target: string): Promise<string> {
    const { body } = await this.download(target);
    const bytes = await body.read();
    await body.discard();
    return bytes.toString();
  }

  post(target: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
    const headers = { 'Content-Type': 'application/json' };
    return this.client.poster.post(this.url + target, '{"a":1}', headers, { timeoutMs: LONG_MS, ...options });
  }

  /** Waits until at most `max` connections are open. */
  untilOpenConnectionsAre(max: number): Promise<void> {
    return until(() => this.server.sockets.size <= max);
  }

  /** Waits until the origin was asked, while the timers stand still. */
  async untilAsked(): Promise<void> {
    while (this.targets.length === 0) await turns(1);
    await turns(200); // for what it answers
  }
}

/** The calls of a file of tests, to a server that is started before them and stopped behind them. */
export function useRawOrigin(): RawOriginCalls {
  const calls = new RawOriginCalls();
  beforeAll(() => calls.start());
  beforeEach(() => calls.begin());
  afterEach(() => calls.end());
  afterAll(() => calls.stop());
  return calls;
}

/** @returns why `call` failed, and how long that took */
export async function timedFailureOf(call: Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const startedAt = performance.now();
  const error = await failureOf(call);
  return { error, tookMs: performance.now() - startedAt };
}

function targetOf(request: string): string | undefined {
  return /^[A-Z]+ (\S+) HTTP/.exec(request)?.[1];
}

/** Temporary files that this process still holds, with or without a name. Linux tells; elsewhere there is none to see. */
async function openSpoolFiles(): Promise<string[]> {
  const handles = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(
    handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => '')),
  );
  return targets.filter((target) => target.includes('download-'));
}
