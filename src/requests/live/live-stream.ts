import type { Response } from 'express';
import { once } from 'node:events';
import { COMMENT, eventText } from './event-text.js';
import type { RequestState, RequestWatch } from './request-watches.js';
import type { SettledImages } from './settled-images.js';

const SECOND = 1000;
const COMMENT_EVERY_MS = 15 * SECOND;

/** How often it is looked whether the client would still be let in: so long it may go on with a key that was deleted. */
const LOOK_AGAIN_EVERY_MS = 5 * SECOND;

/** How long a client may read nothing while something waits for it. */
const STALLED_MS = 60 * SECOND;

/**
 * How long one answer goes on. The client then goes on with a call of its own, which may reach another process.
 */
const MAX_AGE_MS = 15 * 60 * SECOND;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no', // nginx would keep the events back until some KiB have come together
};

/**
 * One client that watches a request. What it has not read yet stays in the database rather than in memory: the next images
 * are read when it has taken the ones before, so however slow it is, it holds some hundred images.
 */
export class LiveStream {
  private readonly leaving = new AbortController();
  private readonly left: Promise<void>;
  private isWaiting = false;

  /**
   * @param sentNo the number of the last settled image that the client has
   * @param mayGoOn whether its key still lets it in
   */
  constructor(
    private readonly response: Response,
    private readonly watch: RequestWatch,
    private readonly images: SettledImages,
    private sentNo: number,
    private readonly mayGoOn: () => Promise<boolean>,
  ) {
    this.left = new Promise((resolve) => {
      this.leaving.signal.addEventListener('abort', () => resolve());
    });
    response.once('close', () => this.leaving.abort());
    if (response.destroyed) this.leaving.abort();
  }

  /** Sends what there is and what comes, until the request has ended, is gone, or the client is. */
  async run(): Promise<void> {
    const timers = [
      setInterval(() => this.comment(), COMMENT_EVERY_MS),
      setInterval(() => void this.leaveWithoutKey(), LOOK_AGAIN_EVERY_MS),
      setTimeout(() => this.leaving.abort(), MAX_AGE_MS),
    ];
    try {
      this.response.status(200).set(HEADERS);
      this.response.flushHeaders();
      await this.sendAll();
      this.response.end();
    } finally {
      timers.forEach((timer) => clearTimeout(timer));
    }
  }

  private async sendAll(): Promise<void> {
    let sent: RequestState | null = null;
    for (;;) {
      const { latest, changed } = this.watch;
      if (!latest || this.leaving.signal.aborted) return;
      if (latest !== sent) {
        // At first what the request is like, so that a client need not ask; later the images that made it so.
        if (!sent) await this.send('request', this.place(latest), latest.response);
        const isBehind = this.sentNo < latest.request.settledNo;
        if (isBehind) await this.sendImages(latest);
        if (sent) await this.send('request', this.place(latest), latest.response);
        sent = latest;
        if (latest.response.is_final) return this.sendEnd(latest);
        continue; // something may have changed while the client was reading
      }
      await Promise.race([changed, this.left]);
    }
  }

  private async sendImages({ request }: RequestState): Promise<void> {
    while (this.sentNo < request.settledNo && !this.leaving.signal.aborted) {
      const { text, upTo } = await this.images.page(request, this.sentNo);
      if (text.length > 0) await this.write(text);
      this.sentNo = upTo;
    }
  }

  private sendEnd(state: RequestState): Promise<void> {
    const { id, run, status, outcome } = state.response;
    return this.send('end', endId(state), { id, run, status, outcome });
  }

  private place({ request }: RequestState): string {
    return `${request.run}.${this.sentNo}`;
  }

  private send(type: 'request' | 'end', id: string, data: object): Promise<void> {
    return this.write(eventText(type, id, data));
  }

  /** Resolves when there is room for more. A client that makes none for a minute is cut off, and can come back. */
  private async write(text: string | Buffer): Promise<void> {
    if (this.leaving.signal.aborted || this.response.write(text)) return;
    this.isWaiting = true;
    const timer = setTimeout(() => this.response.destroy(), STALLED_MS);
    await once(this.response, 'drain', { signal: this.leaving.signal }).catch(() => undefined);
    clearTimeout(timer);
    this.isWaiting = false;
  }

  /** The answer then ends without `end`; the client's next call is refused. */
  private async leaveWithoutKey(): Promise<void> {
    if (!(await this.mayGoOn())) this.leaving.abort();
  }

  private comment(): void {
    if (!this.isWaiting) this.response.write(COMMENT);
  }
}

/** The id of the event `end`: who has it has everything of this run. */
export function endId({ request }: RequestState): string {
  return `${request.run}.${request.settledNo}.end`;
}
