import type { Lane, LanePolicy, RunningTasks } from '../../concurrency/lanes.js';

const SECOND = 1000;

/** An image whose turn is further away than this is deferred: while it waits, it takes room from other hosts' images. */
const MAX_WAIT_MS = 15 * SECOND;
/** It comes back after this at the latest: the host may have become faster. */
const MAX_DEFER_MS = 15 * SECOND;
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
  /** When the last one that was deferred would have had its turn (`performance.now()`). */
  bookedUntil: number;
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
    return { averageMs: 0, bookedUntil: 0 };
  }

  learn({ state, waiting }: Lane<ImageHost>, tookMs: number): void {
    state.averageMs = state.averageMs === 0 ? tookMs : state.averageMs + (tookMs - state.averageMs) * WEIGHT;
    if (waiting === 0) state.bookedUntil = 0;
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

  /** Until shortly before its turn, as if all that were deferred stood in line one behind the other. */
  deferMs(lane: Lane<ImageHost>): number {
    const { state } = lane;
    const now = performance.now();
    const paceMs = this.paceMs(lane);
    state.bookedUntil = Math.max(state.bookedUntil, now + lane.waiting * paceMs) + paceMs;
    const delayMs = state.bookedUntil - now - MAX_WAIT_MS;
    return Math.round(Math.min(Math.max(delayMs, SECOND), MAX_DEFER_MS));
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
