import { setImmediate } from 'node:timers/promises';

/** A delivery that wants to be tried, known by an id of its own. */
export interface Errand {
  id: string;
  /** Doesn't throw. @returns whether anything was sent */
  run: () => Promise<boolean>;
}

/** `slow`: its latest try took long. `new`: none has ended yet. */
type Pace = 'new' | 'quick' | 'slow';

interface Lane {
  name: string;
  pace: Pace;
  /** Errands that it may have under way at once. */
  limit: number;
  running: number;
  parked: Errand[];
}

/** An errand under way, or about to be. */
interface Turn {
  lane: Lane;
  errand: Errand;
  /** The lane's when it began. */
  pace: Pace;
}

const SECOND = 1000;

/** An answer that takes longer makes a receiver a slow one, whatever it says. */
const QUICK_WITHIN_MS = 2 * SECOND;

/** Errands of one receiver at once: a quick one begins with the first, and gets one more with each quick answer. */
const MOST_OF_QUICK = 8;
const MOST_OF_SLOW = 2;

/**
 * Errands of all receivers that are slow, or new, at once; quick ones share what is left. Whoever uploads can name a
 * receiver that hangs: any number of those leave room for those that answer, and for those that nobody knows yet.
 */
const MOST_BY_PACE: Record<Pace, number> = { slow: 48, new: 128, quick: Infinity };

/** Jobs that a worker takes at once. More than slow and new receivers can hold. */
export const ERRANDS_AT_ONCE = 256;

/** What stands in line for one receiver, and for all. */
const MOST_PARKED_OF_ONE = 100;
const MOST_PARKED = 5000;

/** Receivers whose pace is remembered. */
const MOST_KNOWN = 10_000;

/**
 * Decides which deliveries are tried now. Those whose receiver is busy are parked, so that they hold none of the
 * worker's slots; what finds no room in the line is let go of, as the dispatcher rings for it again.
 */
export class ReceiverLanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly waiting = new Set<Lane>();
  private readonly parked = new Set<string>();
  private readonly running: Record<Pace, number> = { new: 0, quick: 0, slow: 0 };
  private isClosed = false;

  /** Whether an errand waits here already. */
  isParked(id: string): boolean {
    return this.parked.has(id);
  }

  /**
   * Runs the errand and then what is parked and may begin; or parks the errand, or lets go of it, and returns at once.
   * @param name of the receiver: what is slow together has one name
   */
  async run(name: string, errand: Errand): Promise<void> {
    if (this.isClosed || this.parked.has(errand.id)) return;
    const lane = this.laneOf(name);
    if (this.mayBegin(lane)) await this.work(this.begin(lane, errand));
    else this.park(lane, errand);
  }

  /** Lets go of what is parked; those under way end by themselves. */
  close(): void {
    this.isClosed = true;
    for (const lane of this.waiting) lane.parked.length = 0;
    this.waiting.clear();
    this.parked.clear();
  }

  private laneOf(name: string): Lane {
    const known = this.lanes.get(name);
    const lane = known ?? { name, pace: 'new', limit: 1, running: 0, parked: [] };
    // The one that was used last comes last.
    this.lanes.delete(name);
    this.lanes.set(name, lane);
    if (!known) this.forgetOne();
    return lane;
  }

  private forgetOne(): void {
    if (this.lanes.size <= MOST_KNOWN) return;
    for (const { name, running, parked } of this.lanes.values()) {
      if (running > 0 || parked.length > 0) continue;
      this.lanes.delete(name);
      return;
    }
  }

  private mayBegin({ running, limit, pace }: Lane): boolean {
    return running < limit && this.running[pace] < MOST_BY_PACE[pace];
  }

  private park(lane: Lane, errand: Errand): void {
    if (lane.parked.length >= MOST_PARKED_OF_ONE || this.parked.size >= MOST_PARKED) return;
    this.parked.add(errand.id);
    lane.parked.push(errand);
    this.waiting.add(lane);
  }

  /** One errand after the other; where more may begin than this one made room for, they are begun beside it. */
  private async work(first: Turn): Promise<void> {
    const beside = new Set<Promise<void>>();
    for (let turn: Turn | undefined = first; turn;) {
      await this.timed(turn);
      turn = this.takeNext();
      for (let other = turn && this.takeNext(); other; other = this.takeNext()) {
        const work: Promise<void> = this.work(other).finally(() => beside.delete(work));
        beside.add(work);
      }
    }
    await Promise.all(beside);
  }

  private begin(lane: Lane, errand: Errand): Turn {
    const { pace } = lane;
    this.running[pace]++;
    lane.running++;
    return { lane, errand, pace };
  }

  private async timed({ lane, errand, pace }: Turn): Promise<void> {
    // An errand that finds nothing to send need not wait for anything else: so many of them would stop the process.
    await setImmediate();
    const startedAt = performance.now();
    try {
      if (await errand.run()) this.judge(lane, performance.now() - startedAt);
    } finally {
      lane.running--;
      this.running[pace]--;
    }
  }

  private judge(lane: Lane, tookMs: number): void {
    const isQuick = tookMs < QUICK_WITHIN_MS;
    lane.limit = isQuick ? Math.min(lane.limit + 1, MOST_OF_QUICK) : MOST_OF_SLOW;
    lane.pace = isQuick ? 'quick' : 'slow';
  }

  /** The first in line of the next receiver that may have one more. */
  private takeNext(): Turn | undefined {
    for (const lane of this.waiting) {
      if (!this.mayBegin(lane)) continue;
      const errand = lane.parked.shift()!;
      this.parked.delete(errand.id);
      // Behind the others: they take turns.
      this.waiting.delete(lane);
      if (lane.parked.length > 0) this.waiting.add(lane);
      return this.begin(lane, errand);
    }
    return undefined;
  }
}
