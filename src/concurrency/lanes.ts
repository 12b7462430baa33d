import { EventLoopTurns } from './event-loop-turns.js';

/** Something to do in a lane, known by an id of its own. */
export interface Task {
  id: string;
  /** Does not throw. @returns false where it found nothing to do: then nothing is learnt from how long it took */
  run(): Promise<boolean | void>;
  /** Told that it is not run: there is no room for it in its lane, or the lanes are closed. */
  defer?(): void;
}

/** The tasks for one server, as a policy sees them. */
export interface Lane<State> {
  readonly name: string;
  /** What the policy knows of the server. */
  readonly state: State;
  readonly running: number;
  readonly waiting: number;
  /** Milliseconds since the oldest of the running tasks began; 0 where none runs. */
  readonly oldestMs: number;
}

/** How many tasks run now, in all lanes. */
export interface RunningTasks {
  readonly total: number;
  /** Those of a class, as {@link LanePolicy.classOf} named it when they began. */
  of(name: string): number;
}

/** What differs between kinds of servers: how many tasks of a lane run at once, and how many wait. */
export interface LanePolicy<State> {
  /** The state of a lane of which nothing is known. */
  newState(): State;
  /** Learns from a task that has ended. */
  learn(lane: Lane<State>, tookMs: number): void;
  /** Lanes of one class are counted together, such as all slow ones. */
  classOf(state: State): string;
  /** Whether one more task may run. Always true while nothing runs in any lane, or tasks would wait for ever. */
  admits(lane: Lane<State>, running: RunningTasks): boolean;
  /** How many tasks may wait. Asked again while they do: what is too much then is deferred. */
  maxWaiting(lane: Lane<State>): number;
  /** How many more tasks are to be brought now: those that may run, and a few more, so that the lane does not stand still. */
  room(lane: Lane<State>, running: RunningTasks): number;
}

/** How often waiting tasks are compared with {@link LanePolicy.maxWaiting}. */
const CHECK_EVERY_MS = 1000;

/** Tasks that wait in all lanes together. */
const MAX_WAITING = 5_000;

/** Lanes whose state is remembered; the one that has been idle longest is forgotten. */
const MAX_LANES = 10_000;

class TaskLane<State> implements Lane<State> {
  readonly queue: Task[] = [];
  readonly startTimes = new Set<{ at: number }>();

  constructor(
    readonly name: string,
    readonly state: State,
  ) {}

  get running(): number {
    return this.startTimes.size;
  }

  get waiting(): number {
    return this.queue.length;
  }

  get oldestMs(): number {
    const [oldest] = this.startTimes;
    return oldest ? performance.now() - oldest.at : 0;
  }
}

/**
 * Bounds how many tasks for one server run at once. Those that may not run yet wait here without holding any of the
 * slots of their caller, so that servers that are slow or away leave these to others. A task that ends makes room for
 * the next one, and the lanes take turns. One task begins in each round of the event loop, since many may need no I/O.
 */
export class Lanes<State> {
  private readonly lanes = new Map<string, TaskLane<State>>();
  private readonly withWaiting = new Set<TaskLane<State>>();
  private readonly waitingIds = new Set<string>();
  private readonly runningOf = new Map<string, number>();
  private readonly turns = new EventLoopTurns();
  private runningInAll = 0;
  private timer?: NodeJS.Timeout;
  private isClosed = false;
  private readonly running: RunningTasks;

  constructor(private readonly policy: LanePolicy<State>) {
    const total = () => this.runningInAll;
    this.running = {
      get total() {
        return total();
      },
      of: (name) => this.runningOf.get(name) ?? 0,
    };
  }

  /** Tasks that run now. */
  get runningInAllLanes(): number {
    return this.runningInAll;
  }

  /** Whether a task waits here already. */
  isWaiting(id: string): boolean {
    return this.waitingIds.has(id);
  }

  /** Whether tasks wait in a lane. */
  hasWaiting(laneName: string): boolean {
    return (this.lanes.get(laneName)?.waiting ?? 0) > 0;
  }

  /** How many more tasks of a lane are to be brought now. */
  room(laneName: string): number {
    const lane = this.lanes.get(laneName) ?? new TaskLane(laneName, this.policy.newState());
    return this.isClosed ? 0 : Math.max(0, this.policy.room(lane, this.running));
  }

  /** Runs the task, and then what waits and may begin; or lets the task wait, or defers it, and returns at once. */
  async run(laneName: string, task: Task): Promise<void> {
    if (this.waitingIds.has(task.id)) return;
    if (this.isClosed) return task.defer?.();
    const lane = this.laneOf(laneName);
    if (this.policy.admits(lane, this.running)) await this.runFrom(lane, task);
    else this.wait(lane, task);
  }

  /** Defers the tasks that wait and takes no more; those that run end by themselves. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    const waiting = [...this.withWaiting].flatMap(({ queue }) => queue.splice(0));
    this.withWaiting.clear();
    this.waitingIds.clear();
    for (const task of waiting) task.defer?.();
  }

  private laneOf(name: string): TaskLane<State> {
    const lane = this.lanes.get(name) ?? new TaskLane(name, this.policy.newState());
    this.lanes.delete(name);
    this.lanes.set(name, lane); // the one that was used last comes last
    if (this.lanes.size > MAX_LANES) this.forgetIdleLane();
    return lane;
  }

  private forgetIdleLane(): void {
    for (const { name, running, waiting } of this.lanes.values()) {
      if (running > 0 || waiting > 0) continue;
      this.lanes.delete(name);
      return;
    }
  }

  private wait(lane: TaskLane<State>, task: Task): void {
    if (this.waitingIds.size >= MAX_WAITING || lane.waiting >= this.policy.maxWaiting(lane)) {
      task.defer?.();
      return;
    }
    this.waitingIds.add(task.id);
    lane.queue.push(task);
    this.withWaiting.add(lane);
    this.timer ??= setInterval(() => this.deferExcess(), CHECK_EVERY_MS).unref();
  }

  /** A server that has become slow has as many waiting tasks as it had room for when it was quick. */
  private deferExcess(): void {
    for (const lane of [...this.withWaiting]) {
      for (const task of lane.queue.splice(this.policy.maxWaiting(lane))) {
        this.waitingIds.delete(task.id);
        task.defer?.();
      }
      if (lane.waiting === 0) this.withWaiting.delete(lane);
    }
    if (this.waitingIds.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** One task after the other. Where one makes room for several, the others run beside it. */
  private async runFrom(lane: TaskLane<State>, task: Task): Promise<void> {
    const beside = new Set<Promise<void>>();
    for (let current: Promise<void> | undefined = this.begin(lane, task); current;) {
      await current;
      current = undefined;
      for (let next = this.nextLane(); next; next = this.nextLane()) {
        const waiting = this.takeWaiting(next);
        if (!current) current = this.begin(next, waiting);
        else {
          const work: Promise<void> = this.runFrom(next, waiting).finally(() => beside.delete(work));
          beside.add(work);
        }
      }
    }
    await Promise.all(beside);
  }

  /** The next lane in which a task waits that may begin. */
  private nextLane(): TaskLane<State> | undefined {
    for (const lane of this.withWaiting) if (this.policy.admits(lane, this.running)) return lane;
    return undefined;
  }

  private takeWaiting(lane: TaskLane<State>): Task {
    const task = lane.queue.shift()!;
    this.waitingIds.delete(task.id);
    this.withWaiting.delete(lane);
    if (lane.waiting > 0) this.withWaiting.add(lane); // behind the others: they take turns
    return task;
  }

  /** Counts the task as running at once, and runs it in its turn. */
  private async begin(lane: TaskLane<State>, task: Task): Promise<void> {
    const className = this.policy.classOf(lane.state);
    const started = { at: performance.now() };
    lane.startTimes.add(started);
    this.count(className, 1);
    try {
      await this.turns.next();
      started.at = performance.now();
      if ((await task.run()) !== false) this.policy.learn(lane, performance.now() - started.at);
    } finally {
      lane.startTimes.delete(started);
      this.count(className, -1);
    }
  }

  private count(className: string, by: number): void {
    this.runningInAll += by;
    this.runningOf.set(className, (this.runningOf.get(className) ?? 0) + by);
  }
}
