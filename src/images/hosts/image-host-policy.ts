import type { Lane, LanePolicy, RunningTasks } from '../../concurrency/lanes.js';

const SECOND = 1000;

/** Images are claimed so long before their turn, so that a claim is shared by many and the host does not stand still … */
const AHEAD_MS = SECOND / 2;
/** … at most so many for each that the host may have at once. */
const MAX_AHEAD = 8;
/** An image whose turn has moved further away than this is given back: the host has become slow. */
const MAX_WAIT_MS = 15 * SECOND;
/** What the latest image counts in the average. */
const WEIGHT = 0.2;

/** A host that takes longer than this for an image is a slow one … */
const SLOW_MS = 3 * SECOND;
/** … and all slow ones together hold no more than this part of the slots. */
const SLOW_SHARE = 3 / 4;

/** What is known of a host. */
export interface ImageHost {
  /** How long an image takes: a moving average, 0 before the first has ended. */
  averageMs: number;
}

/**
 * Images of one host: `maxPerHost` at once, or as many as it bears (`concurrencyOf`), and of all hosts as many as the
 * worker has `slots`. Slow hosts leave some slots to the others.
 */
export class ImageHostPolicy implements LanePolicy<ImageHost> {
  constructor(
    private readonly maxPerHost: number,
    private readonly slots = Infinity,
    private readonly concurrencyOf: (host: string) => number = () => Infinity,
  ) {}

  newState(): ImageHost {
    return { averageMs: 0 };
  }

  learn({ state }: Lane<ImageHost>, tookMs: number): void {
    state.averageMs = state.averageMs === 0 ? tookMs : state.averageMs + (tookMs - state.averageMs) * WEIGHT;
  }

  classOf({ averageMs }: ImageHost): string {
    return averageMs >= SLOW_MS ? 'slow' : 'quick';
  }

  admits(lane: Lane<ImageHost>, running: RunningTasks): boolean {
    return running.total < this.slots && lane.running < this.limit(lane, running);
  }

  /** As many as have their turn within {@link MAX_WAIT_MS}. */
  maxWaiting(lane: Lane<ImageHost>): number {
    return Math.max(this.maxPerHost, Math.floor(MAX_WAIT_MS / this.paceMs(lane)));
  }

  room(lane: Lane<ImageHost>, running: RunningTasks): number {
    const most = Math.min(this.limit(lane, running), lane.running + this.slots - running.total);
    return most + this.ahead(lane) - lane.running - lane.waiting;
  }

  /** Of a host of which nothing is known yet none. */
  private ahead(lane: Lane<ImageHost>): number {
    if (lane.state.averageMs === 0) return 0;
    return Math.min(MAX_AHEAD * this.maxPerHost, Math.floor(AHEAD_MS / this.paceMs(lane)));
  }

  /** Images of the host that may run at once: one at least. */
  private limit({ name, state, running: own }: Lane<ImageHost>, running: RunningTasks): number {
    const most = Math.min(this.maxPerHost, this.concurrencyOf(name));
    if (this.classOf(state) === 'quick' || this.slots === Infinity) return most;
    const left = Math.floor(this.slots * SLOW_SHARE) - running.of('slow') + own;
    return Math.min(Math.max(left, 1), most);
  }

  /** Milliseconds from the end of one image to that of the next, all slots of the host taken together. */
  private paceMs({ state, oldestMs }: Lane<ImageHost>): number {
    return Math.max(state.averageMs, oldestMs) / this.maxPerHost;
  }
}
