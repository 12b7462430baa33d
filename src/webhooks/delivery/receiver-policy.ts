import type { Lane, LanePolicy, RunningTasks } from '../../concurrency/lanes.js';

const SECOND = 1000;

/** A receiver that takes longer to answer is a slow one, whether the answer is good or bad. */
const QUICK_WITHIN_MS = 2 * SECOND;

/** Deliveries to one receiver at once: it begins with one, and a quick one gets one more with each answer. */
const MAX_OF_QUICK = 8;
const MAX_OF_SLOW = 2;

/** `slow`: its latest answer took long. `new`: it has not answered yet. */
type Pace = 'new' | 'quick' | 'slow';

/**
 * Deliveries at once to all receivers that are slow, or new; quick ones share what is left. An upload can name a
 * receiver that hangs: any number of those leave room for those that answer, and for those that nobody knows yet.
 */
const MAX_BY_PACE: Record<Pace, number> = { slow: 48, new: 128, quick: Infinity };

/** Deliveries that a worker takes at once. More than slow and new receivers can hold. */
export const DELIVERIES_AT_ONCE = 256;

/** Deliveries that wait for one receiver. The dispatcher enqueues the others again. */
const MAX_WAITING_FOR_ONE = 100;

/** What is known of a receiver. */
export interface Receiver {
  pace: Pace;
  /** Deliveries that it may have at once. */
  limit: number;
}

/** Deliveries to one receiver: few at once while it is new or slow, so that receivers that hang hold up no other. */
export class ReceiverPolicy implements LanePolicy<Receiver> {
  newState(): Receiver {
    return { pace: 'new', limit: 1 };
  }

  learn({ state }: Lane<Receiver>, tookMs: number): void {
    const isQuick = tookMs < QUICK_WITHIN_MS;
    state.limit = isQuick ? Math.min(state.limit + 1, MAX_OF_QUICK) : MAX_OF_SLOW;
    state.pace = isQuick ? 'quick' : 'slow';
  }

  classOf({ pace }: Receiver): string {
    return pace;
  }

  admits({ running: own, state }: Lane<Receiver>, running: RunningTasks): boolean {
    return own < state.limit && running.of(state.pace) < MAX_BY_PACE[state.pace];
  }

  maxWaiting(): number {
    return MAX_WAITING_FOR_ONE;
  }

  room({ waiting }: Lane<Receiver>): number {
    return MAX_WAITING_FOR_ONE - waiting;
  }
}
