import { EventLoopTurns } from '../../concurrency/event-loop-turns.js';

/** Something to do for one host, known by an id of its own. */
export interface Errand {
  id: string;
  /** Doesn't throw. */
  run: () => Promise<void>;
  /** Takes the errand away again, because its turn is `delayMs` or more away. */
  putAside: (delayMs: number) => void;
}

interface Lane {
  host: string;
  /** When each of the errands under way began, the oldest first. */
  running: Set<{ startedAt: number }>;
  parked: Errand[];
  /** How long an errand takes: a moving average, 0 before the first has ended. */
  averageMs: number;
  /** When the last one that was put aside would have had its turn. */
  bookedUntil: number;
}

const SECOND = 1000;

/** An errand whose turn is further away than this is put aside: who stands in line takes room from other hosts'. */
const LONGEST_LINE_MS = 15 * SECOND;
/** It comes back after this at the latest: the host may have become faster. */
const LONGEST_ASIDE_MS = 15 * SECOND;
const LOOK_EVERY_MS = SECOND;
/** What the latest errand counts in the average. */
const WEIGHT = 0.2;

/** A host that takes longer than this for an errand is a slow one … */
const SLOW_MS = 3 * SECOND;
/** … and all slow ones together hold no more than this part of the slots. */
const SLOW_SHARE = 3 / 4;

/**
 * Lets so many errands of one host be in work at once. Those that come while the host is busy are parked, so that they
 * hold none of the worker's slots while other hosts have something to do; a slot that becomes free takes the next of
 * the same host. Where the line has become too long for the host's pace, its end is put aside. Hosts that are slow
 * leave slots to the others.
 */
export class HostLanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly parked = new Set<string>();
  private readonly turns = new EventLoopTurns();
  private timer?: NodeJS.Timeout;
  private isClosed = false;

  /** `perHost` errands of a host at once, or as many as it bears (`widthOf`); the worker has `slots` for all hosts. */
  constructor(
    private readonly perHost: number,
    private readonly slots = Infinity,
    private readonly widthOf: (host: string) => number = () => Infinity,
  ) {}

  /** Whether an errand waits here already. */
  isParked(id: string): boolean {
    return this.parked.has(id);
  }

  /** Runs the errand, and then what is parked for its host; or parks it, or puts it aside, and returns at once. */
  async run(host: string, errand: Errand): Promise<void> {
    if (this.isClosed || this.parked.has(errand.id)) return;
    const lane = this.laneOf(host);
    const isBusy = lane.running.size >= this.width(lane) || (lane.running.size > 0 && !this.hasFreeSlot());
    if (isBusy) return this.park(lane, errand);
    lane.bookedUntil = 0; // a free slot: there is no line
    await this.work(lane, errand);
    if (lane.running.size === 0 && lane.parked.length === 0) this.lanes.delete(host);
  }

  /** Lets go of what is parked; those under way end by themselves. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.parked.clear();
    for (const lane of this.lanes.values()) lane.parked.length = 0;
  }

  private laneOf(host: string): Lane {
    const lane = this.lanes.get(host) ?? {
      host,
      running: new Set(),
      parked: [],
      averageMs: 0,
      bookedUntil: 0,
    };
    this.lanes.set(host, lane);
    return lane;
  }

  private park(lane: Lane, errand: Errand): void {
    if (lane.parked.length >= this.room(lane)) return this.putAside(lane, errand);
    this.parked.add(errand.id);
    lane.parked.push(errand);
    this.timer ??= setInterval(() => this.shortenLines(), LOOK_EVERY_MS).unref();
  }

  /** Runs the errand and what is parked, more of it at once where the lane has become wider. */
  private async work(lane: Lane, errand: Errand): Promise<void> {
    const others: Promise<void>[] = [];
    for (let next: Errand | undefined = errand; next; next = this.nextOf(lane)) {
      await this.timed(lane, next);
      while (lane.parked.length > 1 && this.hasFreeSlot() && lane.running.size + 1 < this.width(lane)) {
        others.push(this.work(lane, this.takeParked(lane)!));
      }
    }
    await Promise.all(others);
  }

  private nextOf(lane: Lane): Errand | undefined {
    return lane.running.size < this.width(lane) ? this.takeParked(lane) : undefined;
  }

  /** How many errands of the host may be under way now: one at least. */
  private width(lane: Lane): number {
    const most = Math.min(this.perHost, this.widthOf(lane.host));
    if (lane.averageMs < SLOW_MS || this.slots === Infinity) return most;
    const taken = this.countRunning(({ averageMs }) => averageMs >= SLOW_MS);
    const left = Math.floor(this.slots * SLOW_SHARE) - taken + lane.running.size;
    return Math.min(Math.max(left, 1), most);
  }

  private hasFreeSlot(): boolean {
    return this.countRunning(() => true) < this.slots;
  }

  private countRunning(isCounted: (lane: Lane) => boolean): number {
    let count = 0;
    for (const lane of this.lanes.values()) if (isCounted(lane)) count += lane.running.size;
    return count;
  }

  private takeParked(lane: Lane): Errand | undefined {
    const errand = lane.parked.shift();
    if (errand) this.parked.delete(errand.id);
    return errand;
  }

  /** A host that fell silent has a line from the time when it was quick. */
  private shortenLines(): void {
    for (const lane of this.lanes.values()) {
      const excess = lane.parked.splice(this.room(lane));
      for (const errand of excess) {
        this.parked.delete(errand.id);
        this.putAside(lane, errand);
      }
    }
    if (this.parked.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Until shortly before its turn, as if all that were put aside stood in line one behind the other. */
  private putAside(lane: Lane, errand: Errand): void {
    const now = performance.now();
    const endOfLine = now + lane.parked.length * this.paceMs(lane);
    lane.bookedUntil = Math.max(lane.bookedUntil, endOfLine) + this.paceMs(lane);
    const delay = lane.bookedUntil - now - LONGEST_LINE_MS;
    errand.putAside(Math.round(Math.min(Math.max(delay, SECOND), LONGEST_ASIDE_MS)));
  }

  /** How many may stand in line. */
  private room(lane: Lane): number {
    return Math.max(this.perHost, Math.floor(LONGEST_LINE_MS / this.paceMs(lane)));
  }

  /** Milliseconds from one errand's end to the next one's, all slots taken together. */
  private paceMs(lane: Lane): number {
    const [oldest] = lane.running;
    const age = oldest ? performance.now() - oldest.startedAt : 0;
    return Math.max(lane.averageMs, age) / this.perHost;
  }

  private async timed(lane: Lane, errand: Errand): Promise<void> {
    const run = { startedAt: performance.now() };
    lane.running.add(run);
    try {
      await this.turns.next(); // an errand may need no I/O: so many of them would stop the process
      run.startedAt = performance.now();
      await errand.run();
    } finally {
      lane.running.delete(run);
      const tookMs = performance.now() - run.startedAt;
      lane.averageMs = lane.averageMs === 0 ? tookMs : lane.averageMs + (tookMs - lane.averageMs) * WEIGHT;
    }
  }
}
