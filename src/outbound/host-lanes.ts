/** Something to do for one image, known by an id of its own. */
interface Errand {
  id: string;
  run: () => Promise<void>;
}

interface Lane {
  running: number;
  parked: Errand[];
}

/**
 * Lets so many images of one host be in work at once. Those that come while the host is busy are parked, so that they
 * hold none of the worker's slots while other hosts have something to do; a slot that becomes free takes the next of
 * the same host. What is parked when the process ends is still `pending` in the database.
 */
export class HostLanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly parked = new Set<string>();
  private isClosed = false;

  constructor(private readonly perHost: number) {}

  /** Whether an errand waits here already. */
  isParked(id: string): boolean {
    return this.parked.has(id);
  }

  /** Runs the errand, and then what is parked for its host; or parks it and returns at once. Errands don't throw. */
  async run(host: string, errand: Errand): Promise<void> {
    if (this.isClosed || this.parked.has(errand.id)) return;
    const lane = this.laneOf(host);
    if (lane.running >= this.perHost) {
      this.parked.add(errand.id);
      lane.parked.push(errand);
      return;
    }
    lane.running++;
    try {
      await errand.run();
      for (let next = this.takeParked(lane); next; next = this.takeParked(lane)) await next.run();
    } finally {
      lane.running--;
      if (lane.running === 0) this.lanes.delete(host);
    }
  }

  /** Lets go of what is parked; those under way end by themselves. */
  close(): void {
    this.isClosed = true;
    this.parked.clear();
    for (const lane of this.lanes.values()) lane.parked.length = 0;
  }

  private laneOf(host: string): Lane {
    const lane = this.lanes.get(host) ?? { running: 0, parked: [] };
    this.lanes.set(host, lane);
    return lane;
  }

  private takeParked(lane: Lane): Errand | undefined {
    const errand = lane.parked.shift();
    if (errand) this.parked.delete(errand.id);
    return errand;
  }
}
