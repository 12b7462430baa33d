import { api, type Image, noteSilence, outcomeOf, type Request } from '../api/client.ts';
import { errorOf } from '../api/errors.ts';
import { eventsOf, type ServerEvent } from '../api/follow-events.ts';
import { texts } from '../texts.ts';
import { addImages, LISTED_WHILE_RUNNING, readFailures, readImages } from './images.ts';
import { dropUndo } from './judging/change-chosen.ts';
import { announce } from './notices.ts';
import { rateOf, type Sample } from './rate.ts';
import { change, current, update } from './store.ts';

/** A pause before the next connection: it grows while the service does not answer. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const GROWTH = 1.5;

let abort = new AbortController();

/** Shows a request and follows it until it has ended. The function given back ends that. */
export function followRequest(id: string): () => void {
  abort.abort();
  abort = new AbortController();
  const { shown } = current();
  // One that is followed again, because it is tried again, stays as it is shown.
  const none = { images: [], hasAllImages: false, failures: [], triedAgain: 0, request: null };
  const parts = shown?.id === id ? shown : none;
  const unchosen = { chosen: new Set<string>(), lastClicked: null };
  update({ shown: { ...parts, ...unchosen, id, error: null, rate: null, slowest: null, waitingFor: [] } });
  const follower = new Follower(id, abort.signal);
  void follower.follow();
  void watchHosts(id, abort.signal, () => follower.lookAtClock());
  return () => {
    abort.abort();
    dropUndo();
  };
}

const HOSTS_EVERY_MS = 5000;

/** The service looks at every image to tell of the hosts: too much to ask every five seconds of larger requests. */
const HOSTS_TOLD_OF = 50_000;

/** Shows while a request runs which of several hosts is slowest, and which are waited for. */
async function watchHosts(id: string, signal: AbortSignal, each: () => void): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, HOSTS_EVERY_MS));
    const request = current().shown?.request;
    if (signal.aborted || request?.is_final) return;
    each();
    if (!request || request.counts.images > HOSTS_TOLD_OF) continue;
    const call = api.GET('/requests/{id}/hosts', { params: { path: { id } }, signal });
    const { data } = await outcomeOf(call);
    if (!data) continue;
    const busy = data.items.filter(({ pending }) => pending > 0);
    const isWaiting = request.status === 'Processing' && request.counts.processing === 0;
    change(id, { waitingFor: isWaiting ? busy.map(({ host }) => host) : [] });
    if (data.total < 2) continue;
    const [slowest] = busy
      .map(({ host, median_milliseconds: milliseconds }) => ({ host, milliseconds: milliseconds ?? 0 }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
    change(id, { slowest: slowest?.milliseconds ? slowest : null });
  }
}

/** Follows one request over as many connections as it takes. */
class Follower {
  private lastId = '';
  private hasEnded = false;
  private readonly samples: Sample[] = [];

  constructor(
    private readonly id: string,
    private readonly signal: AbortSignal,
  ) {}

  async follow(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.signal.aborted && !this.hasEnded) {
      try {
        for await (const event of eventsOf(`/requests/${this.id}/events`, this.lastId, this.signal)) {
          pause = FIRST_PAUSE_MS;
          if (current().isOffline) update({ isOffline: false });
          this.lastId = event.id;
          this.take(event);
        }
      } catch (thrown) {
        if (this.signal.aborted) return;
        if (thrown instanceof Response) return this.refuse(thrown);
        noteSilence();
      }
      if (this.hasEnded || this.signal.aborted) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * GROWTH, LONGEST_PAUSE_MS);
    }
    await this.conclude();
  }

  /** With every second in which nothing ends the speed falls, though nothing is told of it. */
  lookAtClock(): void {
    const last = this.samples.at(-1);
    if (last) this.sample(last.settled);
  }

  private sample(settled: number): void {
    this.samples.push({ at: performance.now(), settled });
    change(this.id, { rate: rateOf(this.samples) });
  }

  private take({ type, data }: ServerEvent): void {
    if (type === 'request') this.takeRequest(JSON.parse(data) as Request);
    if (type === 'image') addImages(this.id, [JSON.parse(data) as Image]);
    if (type === 'end') this.hasEnded = true;
  }

  private takeRequest(request: Request): void {
    this.show(request);
    this.sample(settledOf(request));
    if (this.samples.length > 1) return;
    if (request.counts.failed > 0) void readFailures(this.id, this.signal);
    if (!request.is_final && request.counts.images <= LISTED_WHILE_RUNNING)
      void readImages(this.id, this.signal);
  }

  /** Reads everything once more: what was said before the end may lack what came with it. */
  private async conclude(): Promise<void> {
    const call = () => api.GET('/requests/{id}', { params: { path: { id: this.id } }, signal: this.signal });
    while (!this.signal.aborted) {
      const { data } = await outcomeOf<Request>(call());
      if (data) this.show(data);
      const hasFailures =
        data !== null && (data.counts.failed === 0 || (await readFailures(this.id, this.signal)));
      if (hasFailures && (await readImages(this.id, this.signal))) return;
      await new Promise((resolve) => setTimeout(resolve, LONGEST_PAUSE_MS));
    }
  }

  private show(request: Request): void {
    if (this.signal.aborted) return;
    tell(current().shown?.request ?? null, request);
    change(this.id, request.is_final ? { request, triedAgain: 0 } : { request });
  }

  private async refuse(response: Response): Promise<void> {
    if (response.status === 401) return update({ needsKey: true });
    change(this.id, { error: errorOf(await response.json().catch(() => null), response.status) });
  }
}

const settledOf = ({ counts }: Request): number => counts.done + counts.failed + counts.cancelled;

/** A text that comes sooner would cut the one before short. */
const READ_IN_MS = 5000;
let readAt = 0;

/** Read aloud: the start, at most every tenth, and the end once, also where it had ended before it was seen. */
function tell(before: Request | null, now: Request): void {
  if (now.is_final) {
    if (!before?.is_final) announce(texts.request.announcedEnd(now));
    return;
  }
  if (now.status === 'Cancelled') return;
  const tenth = Math.floor(now.progress * 10);
  const isFirst = !before || before.is_final;
  if (!isFirst && tenth === Math.floor(before.progress * 10)) return;
  if (!isFirst && performance.now() - readAt < READ_IN_MS) return;
  readAt = performance.now();
  const { announcedStart, announcedProgress } = texts.request;
  announce(isFirst ? announcedStart(now.file_name, now.counts.images) : announcedProgress(tenth * 10));
}

/** Stops the work; what is done is kept. */
export async function cancelRequest(id: string): Promise<void> {
  announce(texts.request.cancelling);
  const { data } = await outcomeOf<Request>(api.POST('/requests/{id}/cancel', { params: { path: { id } } }));
  if (data) change(id, { request: data });
}
