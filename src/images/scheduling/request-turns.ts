import { Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Database, isDatabaseAway } from '../../database/database.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { RequestsService } from '../../requests/requests.service.js';
import { ImageProcessor } from '../processing/image-processor.js';
import { type ClaimedImage, type HostShare, ImageClaims } from './image-claims.js';
import { type OpenHost, type OpenRequest, readOpenHosts, readOpenRequest } from './open-request.js';
import { MAX_REFUSED_AT_ONCE, RefusedImages } from './refused-images.js';
import { FreeSpace } from '../../stored-files/free-space.js';

/** Images that one request claims in its turn. */
const MAX_CLAIMED_AT_ONCE = 64;
/** Their hosts. */
const MAX_SHARES = 32;
/** Images of a host that fail without a call, claimed in one turn. */
const MAX_HOPELESS_AT_ONCE = 256;
/** Hosts of a request that are looked at together; a file may name a hundred thousand. */
const HOSTS_AT_ONCE = 1_000;

/** Between two rounds of claims: each costs some statements, so that many images share them … */
const CLAIM_EVERY_MS = 250;
/** … but where a host would stand still meanwhile. */
const CLAIM_SOON_MS = 50;
/** After so long, probes are looked for again that were not found. */
const PROBED_AGAIN_MS = 500;
/** After so long, it is looked again whether the disk has room. */
const SPACE_AGAIN_MS = 1_000;
/** When a request is looked at again that waits for a host for longer: the reconciler does that in any case. */
const MAX_REST_MS = 2_000;

/** A request as this worker knows it. */
interface Work {
  request: OpenRequest;
  /** Hosts that may have pending images, by their number; those whose turn it is come first. */
  hosts: Map<number, OpenHost>;
  /** The last host that was read; those behind it are read when none of these may be claimed. */
  lastHost: number;
  hasMoreHosts: boolean;
  /** When it is looked at again although nothing makes room for it. */
  restsUntil: number;
}

/** What a turn found. */
type Turn =
  /** There may be more to be claimed at once. */
  | 'more'
  /** All hosts with pending images are full or paused. */
  | 'resting'
  /** No image is pending. */
  | 'over';

/**
 * Claims images for this worker as it has room for them. The requests that have work take turns, so that a small one waits
 * for no large one; in its turn a request claims some dozen images of the hosts that have room. It knows requests from the
 * queue, which is quick, and from the reconciler, which forgets none.
 */
@Injectable()
export class RequestTurns {
  private readonly warning = new RepeatedWarning(new Logger(RequestTurns.name));
  /** In the order of their turns; null for one that is to be read. */
  private readonly line = new Map<number, Work | null>();
  private readonly resting = new Map<number, Work>();
  /** Requests that joined while it was their turn. */
  private readonly joinedAgain = new Set<number>();
  /** Requests that have not had their first turn, and who is to be told when there is work left after it. */
  private readonly newcomers = new Map<number, () => void>();
  private readonly hostsWithRoom = new Set<string>();
  private current: number | null = null;
  private isStarted = false;
  private running: Promise<void> | null = null;
  private lastRoundAt = -Infinity;
  private everyMs = CLAIM_EVERY_MS;
  private hasSpace = true;
  private timer?: NodeJS.Timeout;
  private timerAt = 0;

  constructor(
    private readonly database: Database,
    private readonly requests: RequestsService,
    private readonly claims: ImageClaims,
    private readonly refused: RefusedImages,
    private readonly images: ImageProcessor,
    private readonly space: FreeSpace,
  ) {
    images.onRoom = (server) => this.noteRoom(server);
  }

  /** Begins to claim images, also of requests that joined before. */
  start(): void {
    this.isStarted = true;
    this.wake(0);
  }

  /** Claims nothing more, and returns when the turn under way has ended. */
  async stop(): Promise<void> {
    this.isStarted = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /**
   * A request has pending images, as far as the caller knows; it has its turn behind those that have theirs already.
   * @param onMore called where the request was not known here and there is work left after its first turn
   */
  join(requestKey: number, onMore?: () => void): void {
    const isCurrent = this.current === requestKey;
    const isKnown = isCurrent || this.line.has(requestKey) || this.resting.has(requestKey);
    if (isCurrent) this.joinedAgain.add(requestKey);
    else this.line.set(requestKey, null);
    this.resting.delete(requestKey);
    if (onMore && !isKnown) this.newcomers.set(requestKey, onMore);
    this.wake(0);
  }

  private noteRoom(server: string): void {
    if (!this.isStarted) return;
    if (this.resting.size > 0) this.hostsWithRoom.add(server);
    if (this.resting.size + this.line.size > 0) {
      if (this.images.isDry(server)) this.everyMs = CLAIM_SOON_MS;
      this.wake(Math.max(0, this.lastRoundAt + this.everyMs - performance.now()));
    }
  }

  /** Begins the next round within `delayMs`. */
  private wake(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (!this.isStarted || this.running || (this.timer && this.timerAt <= at)) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.running = this.round().finally(() => {
        this.running = null;
        this.wakeLater();
      });
    }, delayMs);
  }

  private wakeLater(): void {
    if (!this.hasSpace) return this.wake(SPACE_AGAIN_MS);
    if (this.line.size > 0) this.wake(this.images.room > 0 ? 0 : CLAIM_EVERY_MS);
    else if (this.hostsWithRoom.size > 0) this.wake(this.everyMs);
    else if (this.resting.size > 0) {
      const ends = [...this.resting.values()].map(({ restsUntil }) => restsUntil);
      this.wake(Math.max(CLAIM_EVERY_MS, Math.min(...ends) - performance.now()));
    }
  }

  /** Turns, one after the other, while there is room for images. Never rejects. */
  private async round(): Promise<void> {
    this.lastRoundAt = performance.now();
    this.everyMs = CLAIM_EVERY_MS;
    this.endRests();
    this.hasSpace = await this.space.isEnough();
    if (!this.hasSpace) return;
    while (this.isStarted && this.images.room > 0) {
      const [next] = this.line;
      if (!next) return;
      await this.takeTurn(...next);
      await setImmediate(); // with SQLite nothing else happens in between
    }
  }

  private endRests(): void {
    const now = performance.now();
    for (const [requestKey, work] of this.resting) {
      if (work.restsUntil > now && !this.hasRoom(work)) continue;
      this.resting.delete(requestKey);
      this.line.set(requestKey, work);
    }
    this.hostsWithRoom.clear();
  }

  private hasRoom({ hosts }: Work): boolean {
    if (this.hostsWithRoom.size === 0) return false;
    for (const { server } of hosts.values()) if (this.hostsWithRoom.has(server)) return true;
    return false;
  }

  private async takeTurn(requestKey: number, known: Work | null): Promise<void> {
    this.line.delete(requestKey);
    this.current = requestKey;
    try {
      const work = known ?? (await this.read(requestKey));
      const turn = work ? await this.turn(work) : 'over';
      if (turn !== 'over') this.newcomers.get(requestKey)?.();
      if (this.joinedAgain.has(requestKey)) this.line.set(requestKey, null);
      else if (turn === 'more') this.line.set(requestKey, work);
      else if (turn === 'resting') this.resting.set(requestKey, work!);
    } catch (error) {
      // The reconciler lets it join again.
      if (isDatabaseAway(error)) this.warning.warn(`the database is away: ${(error as Error).message}`);
      else this.warning.warn(`images were not claimed: ${(error as Error).stack}`);
    } finally {
      this.current = null;
      this.newcomers.delete(requestKey);
      this.joinedAgain.delete(requestKey);
    }
  }

  private async read(requestKey: number): Promise<Work | null> {
    const request = await readOpenRequest(this.database.manager, requestKey);
    if (!request) return null;
    const work = { request, hosts: new Map(), lastHost: 0, hasMoreHosts: true, restsUntil: 0 };
    await this.readHosts(work);
    return work;
  }

  private async readHosts(work: Work): Promise<void> {
    const { request, lastHost } = work;
    const hosts = await readOpenHosts(this.database.manager, request.key, lastHost, HOSTS_AT_ONCE);
    work.hosts = new Map(hosts.map((host) => [host.number, host]));
    work.hasMoreHosts = hosts.length === HOSTS_AT_ONCE;
    work.lastHost = hosts.at(-1)?.number ?? lastHost;
  }

  private async turn(work: Work): Promise<Turn> {
    const plan = this.plan(work);
    if (plan.refused.length + plan.shares.length > 0) {
      if (work.request.isNew) await this.requests.markStarted(work.request.key);
      work.request.isNew = false;
      if (plan.refused.length > 0) await this.settleRefused(work, plan.refused);
      if (plan.shares.length > 0) await this.claim(work, plan.shares);
    } else if (work.hasMoreHosts) {
      await this.readHosts(work);
    } else if (work.hosts.size > 0) {
      work.restsUntil = performance.now() + Math.min(plan.waitMs, MAX_REST_MS);
      return 'resting';
    }
    return work.hosts.size > 0 || work.hasMoreHosts ? 'more' : 'over';
  }

  /** Which hosts are worth a claim now. */
  private plan({ request, hosts }: Work): { refused: OpenHost[]; shares: HostShare[]; waitMs: number } {
    const refused: OpenHost[] = [];
    const shares: HostShare[] = [];
    let refusedImages = 0;
    let room = Math.min(MAX_CLAIMED_AT_ONCE, this.images.room);
    let waitMs = Infinity;
    const now = performance.now();
    for (const host of hosts.values()) {
      if (room <= 0 || shares.length === MAX_SHARES || refusedImages >= MAX_REFUSED_AT_ONCE) break;
      if (this.refused.isRefused(host)) {
        refused.push(host);
        refusedImages += host.open;
        continue;
      }
      const outlook = this.images.outlookOf(host.server, request.key);
      const restMs = (host.restsUntil ?? 0) - now;
      waitMs = Math.min(waitMs, (restMs > 0 ? restMs : outlook.waitMs) || Infinity);
      if (outlook.calls <= 0 || restMs > 0) continue;
      const isHopeless = outlook.calls === Infinity;
      const count = isHopeless ? MAX_HOPELESS_AT_ONCE : Math.min(outlook.calls, room);
      const after = outlook.waitMs > 0 ? Math.floor(Math.random() * request.imageCount) : 0;
      shares.push({
        ...{ host: host.number, server: host.server, count, after },
        freshOnly: outlook.isForFreshOnly,
      });
      room -= count;
    }
    return { refused, shares, waitMs };
  }

  private async settleRefused({ request, hosts }: Work, refused: OpenHost[]): Promise<void> {
    const settled = await this.refused.settle(request, refused);
    const isWhole = [...settled.values()].reduce((sum, count) => sum + count, 0) === MAX_REFUSED_AT_ONCE;
    for (const host of refused) {
      host.open -= settled.get(host.number) ?? 0;
      if (host.open <= 0 || !isWhole) hosts.delete(host.number);
    }
  }

  private async claim({ request, hosts }: Work, shares: HostShare[]): Promise<void> {
    const claimed = this.begin(await this.claims.claim(request, shares));
    const isFound = ({ host }: HostShare) => claimed.has(host);
    // Nothing was left behind the place at which it began to look.
    const fromStart = shares
      .filter((share) => share.after && !isFound(share))
      .map((share) => ({ ...share, after: 0 }));
    if (fromStart.length > 0) this.begin(await this.claims.claim(request, fromStart));
    for (const { host, count, after, freshOnly } of shares) {
      const open = hosts.get(host)!;
      hosts.delete(host);
      const hasMore = claimed.get(host) === count;
      if (!hasMore && !after && !freshOnly) continue;
      if (!hasMore) open.restsUntil = performance.now() + PROBED_AGAIN_MS;
      hosts.set(host, open); // behind the others
    }
  }

  /** @returns how many of each host */
  private begin(claimed: ClaimedImage[]): Map<number, number> {
    const counts = new Map<number, number>();
    for (const image of claimed) {
      counts.set(image.host, (counts.get(image.host) ?? 0) + 1);
      void this.images.process(image);
    }
    return counts;
  }
}
