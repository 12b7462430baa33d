import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { In, Not } from 'typeorm';
import { Database } from '../../database/database.js';
import { RequestEntity, UNSEEN_STATES } from '../../database/entities/request.entity.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import type { RequestResponse } from '../request.dto.js';
import { RequestReader } from '../request-reader.js';

/** How often watched requests are looked at, and so how often a watcher is told of one at most. */
const EVERY_MS = 500;

/** A request at some moment: its row, and what clients are told of it. */
export interface RequestState {
  request: RequestEntity;
  response: RequestResponse;
}

interface Glance {
  key: number;
  run: number;
  status: string;
  settledNo: number;
  startedAt: number | null;
  completedAt: number | null;
  claimed: number | string;
}

/** Whatever a watcher can see changes one of these. The images at work are found by an index, and only while there can be any. */
const GLANCE = `
  SELECT request_key AS \`key\`, run, status, settled_no AS settledNo, started_at AS startedAt, completed_at AS completedAt,
    CASE WHEN completed_at IS NULL AND status <> 'Pending' THEN (
      SELECT COUNT(*) FROM images WHERE images.request_key = requests.request_key AND images.status = 'processing'
    ) ELSE 0 END AS claimed
  FROM requests WHERE request_key IN `;

/** One request that somebody watches, shared by all of this process who do. */
export class RequestWatch {
  watchers = 0;
  private wake!: () => void;
  private change!: Promise<void>;

  /** The newest state that is known; null once the request is gone, or the process stops. */
  constructor(private state: RequestState | null) {
    this.renew();
  }

  get latest(): RequestState | null {
    return this.state;
  }

  /** Resolves when {@link latest} is another than it is now. */
  get changed(): Promise<void> {
    return this.change;
  }

  /** Takes a newer state, and tells all who wait for one. */
  become(state: RequestState | null): void {
    this.state = state;
    this.wake();
    this.renew();
  }

  private renew(): void {
    this.change = new Promise((resolve) => (this.wake = resolve));
  }
}

/**
 * Looks at all requests that are watched in this process, by one statement every half second, whichever process works on
 * them. Costs nothing while nobody watches.
 */
@Injectable()
export class RequestWatches implements OnModuleDestroy {
  private readonly watches = new Map<number, RequestWatch>();
  private readonly warning = new RepeatedWarning(new Logger(RequestWatches.name));
  private timer?: NodeJS.Timeout;
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly reader: RequestReader,
  ) {}

  /** The process stops: who waits is answered, and who listens goes on with a call to another process. */
  onModuleDestroy(): void {
    this.isStopping = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const watch of this.watches.values()) watch.become(null);
    this.watches.clear();
  }

  /**
   * Begins to watch a request that has just been read; give it back to {@link close}. Where others watch it, its state is the one that
   * they know, at most half a second old: to tell them all of each new watcher would cost the square of their number. Who comes while
   * the process stops has nothing to wait for.
   */
  open(state: RequestState): RequestWatch {
    if (this.isStopping) return new RequestWatch(null);
    const { key } = state.request;
    const known = this.watches.get(key);
    const watch = known ?? new RequestWatch(state);
    if (!known) this.watches.set(key, watch);
    else if (state.response.is_final && known.latest?.response.is_final === false) known.become(state);
    watch.watchers++;
    this.timer ??= setTimeout(() => void this.look(), EVERY_MS);
    return watch;
  }

  /** Ends what {@link open} began; once. */
  close(key: number): void {
    const watch = this.watches.get(key);
    if (watch && --watch.watchers === 0) this.watches.delete(key);
  }

  /** Never rejects: where the database does not answer, watchers hear nothing until it does. */
  private async look(): Promise<void> {
    await this.refresh().catch((error: unknown) =>
      this.warning.warn(`watched requests could not be read: ${(error as Error).message}`),
    );
    if (this.watches.size === 0) this.timer = undefined;
    else if (this.timer) this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }

  private async refresh(): Promise<void> {
    const keys = [...this.watches.keys()];
    if (keys.length === 0) return;
    const { manager } = this.database;
    const places = keys.map(() => '?').join(', ');
    const glances = await manager.query<Glance[]>(`${GLANCE} (${places})`, keys);
    const moved = glances.filter((glance) => signOf(glance) !== signOfState(this.latestOf(glance.key)));
    const found = new Set(glances.map(({ key }) => key));
    const changed = [...moved.map(({ key }) => key), ...keys.filter((key) => !found.has(key))];
    if (changed.length === 0) return;
    const states = await this.read(changed);
    for (const key of changed) this.watches.get(key)?.become(states.get(key) ?? null);
  }

  private latestOf(key: number): RequestState | null {
    return this.watches.get(key)?.latest ?? null;
  }

  private async read(keys: number[]): Promise<Map<number, RequestState>> {
    const requests = await this.database.manager.findBy(RequestEntity, {
      key: In(keys),
      status: Not(In([...UNSEEN_STATES])),
    });
    const responses = await this.reader.responsesOf(requests);
    return new Map(requests.map((request, index) => [request.key, { request, response: responses[index] }]));
  }
}

function signOf({ run, status, settledNo, startedAt, completedAt, claimed }: Glance): string {
  return [run, status, settledNo, startedAt, completedAt, Number(claimed)].join(' ');
}

function signOfState(state: RequestState | null): string {
  if (!state) return '';
  const { counts } = state.response;
  return signOf({ ...state.request, claimed: counts.processing });
}
