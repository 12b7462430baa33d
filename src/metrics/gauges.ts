import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { settings, type Settings } from '../config/settings.js';
import { VERSION } from '../config/version.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { Readiness } from '../health/readiness.js';
import { ImageProcessor } from '../images/processing/image-processor.js';
import { Measurements } from '../measurements/measurements.js';
import { JOB_KINDS, JobQueue } from '../queue/job-queue.js';

/** What is looked up has to be there within so long; a scrape of Prometheus waits ten seconds. */
const ANSWER_WITHIN_MS = 4_000;

/** Deliveries are counted up to here: a backlog may be of any size. */
const MAX_COUNTED = 10_000;

/** Open requests with their counters; images are not read. */
const OPEN_REQUESTS = `
  SELECT status, COUNT(*) AS requests, SUM(image_count - done_count - failed_count) AS images,
    MIN(created_at) AS createdAt, MIN(moved_at) AS movedAt
  FROM requests
  WHERE status IN ('Pending', 'Processing') OR (status = 'Cancelled' AND completed_at IS NULL)
  GROUP BY status`;

const PENDING_DELIVERIES = `
  SELECT COUNT(*) AS count
  FROM (SELECT 1 AS one FROM webhook_deliveries WHERE state = 'pending' LIMIT ${MAX_COUNTED}) AS pending`;

interface OpenRequests {
  status: 'Pending' | 'Processing' | 'Cancelled';
  requests: number | string;
  images: number | string;
  createdAt: number;
  movedAt: number;
}

const STATES = { Pending: 'pending', Processing: 'processing', Cancelled: 'cancelling' } as const;

/**
 * What is looked up when somebody asks for the metrics: the state of this process, and of what all processes share. What can't
 * be looked up, because a server is away, is left out, and `image_processing_dependency_up` says which.
 */
@Injectable()
export class Gauges implements OnModuleDestroy {
  private readonly series: ReturnType<typeof makeSeries>;
  private hasDefaults = false;

  constructor(
    private readonly measurements: Measurements,
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly queue: JobQueue,
    private readonly readiness: Readiness,
    private readonly processor: ImageProcessor,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.series = makeSeries(measurements.registry);
  }

  /** All series in the text format of Prometheus. Never rejects because something is away. */
  async text(): Promise<string> {
    const { registry } = this.measurements;
    // Not before somebody asks: measuring the event loop has a price.
    if (!this.hasDefaults) collectDefaultMetrics({ register: registry });
    this.hasDefaults = true;
    this.ofThisProcess();
    await Promise.all([
      this.ofDependencies(),
      this.lookUp(
        () => this.ofRequests(),
        [this.series.requests, this.series.images, this.series.age, this.series.standstill],
      ),
      this.lookUp(() => this.ofDeliveries(), [this.series.deliveries]),
      this.lookUp(() => this.ofQueue(), [this.series.jobs]),
    ]);
    return registry.metrics();
  }

  onModuleDestroy(): void {
    this.measurements.registry.clear();
  }

  private ofThisProcess(): void {
    const { encoders, downloads, inHand, pausedHosts } = this.processor.load();
    for (const state of ['used', 'total'] as const) {
      this.series.encoders.set({ state }, encoders[state]);
      this.series.slots.set({ state }, downloads[state]);
    }
    this.series.inHand.set(inHand);
    this.series.paused.set(pausedHosts);
    this.series.build.set({ version: VERSION, mode: this.settings.MODE }, 1);
  }

  private async ofDependencies(): Promise<void> {
    const { workers, ...checks } = await this.readiness.check();
    for (const [name, check] of Object.entries(checks)) this.series.up.set({ name }, Number(check === 'ok'));
    if (workers === null) forget(this.series.workers);
    else this.series.workers.set(workers);
  }

  private async ofRequests(): Promise<void> {
    const open = await this.database.manager.query<OpenRequests[]>(OPEN_REQUESTS);
    for (const [status, state] of Object.entries(STATES))
      this.series.requests.set({ state }, Number(open.find((row) => row.status === status)?.requests ?? 0));
    const underWay = open.filter(({ status }) => status !== 'Cancelled');
    this.series.images.set(underWay.reduce((sum, { images }) => sum + Number(images), 0));
    const since = (instants: number[]) =>
      instants.length === 0 ? 0 : Math.max(0, this.clock.now() - Math.min(...instants)) / 1000;
    this.series.age.set(since(underWay.map(({ createdAt }) => createdAt)));
    this.series.standstill.set(since(underWay.map(({ movedAt }) => movedAt)));
  }

  private async ofDeliveries(): Promise<void> {
    const [{ count }] = await this.database.manager.query<[{ count: number | string }]>(PENDING_DELIVERIES);
    this.series.deliveries.set(Number(count));
  }

  private async ofQueue(): Promise<void> {
    for (const kind of JOB_KINDS) this.series.jobs.set({ kind }, await this.queue.size(kind));
  }

  /** Forgets what the series said before where it is not known any more: an old number would be taken for today's. */
  private async lookUp(look: () => Promise<void>, series: Gauge[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_WITHIN_MS);
    });
    try {
      await Promise.race([look(), late]);
    } catch {
      for (const gauge of series) forget(gauge); // the dependency is reported as away
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Leaves a series out of the answer: reset alone would say 0 of one without labels, such as that there are no workers. */
function forget(gauge: Gauge): void {
  gauge.reset();
  gauge.remove({});
}

function makeSeries(registry: Registry) {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `image_processing_${name}`, help, labelNames, registers: [registry] });
  return {
    requests: gauge('requests', 'Requests that have not ended', ['state']),
    images: gauge('open_images', 'Images of these requests that have not ended'),
    age: gauge('oldest_request_seconds', 'Since the oldest of these requests came'),
    standstill: gauge(
      'longest_standstill_seconds',
      'Since an image of a request ended, of the request for which that is longest',
    ),
    deliveries: gauge('pending_deliveries', 'Webhook deliveries that wait'),
    jobs: gauge('queue_jobs', 'Jobs that wait or run in the queue', ['kind']),
    up: gauge('dependency_up', 'Whether it can be used: 1, or 0', ['name']),
    workers: gauge('workers', 'Processes that work on images'),
    encoders: gauge('encoder_slots', 'Encoders of this process', ['state']),
    slots: gauge('download_slots', 'Downloads of this process at once', ['state']),
    inHand: gauge('images_in_hand', 'Images that this process has claimed'),
    paused: gauge('paused_hosts', 'Hosts that this process leaves alone for a while'),
    build: gauge('build_info', 'Always 1', ['version', 'mode']),
  };
}
