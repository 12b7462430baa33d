import { until } from '../wait.js';

/** A server-sent event as it came. */
export interface ServerEvent {
  event: string;
  id: string;
  data: any;
}

/** A client of `text/event-stream` that keeps all events, and is cut off when the test wants that. */
export class EventStream {
  readonly events: ServerEvent[] = [];
  comments = 0;
  status = 0;
  headers = new Headers();
  /** Whether the answer has come to its end by itself. */
  hasEnded = false;
  private readonly leaving = new AbortController();
  private rest = '';

  private constructor() {}

  /** Returns when the answer has begun. */
  static async open(
    url: string,
    lastEventId?: string,
    more: Record<string, string> = {},
  ): Promise<EventStream> {
    const stream = new EventStream();
    const headers = { ...more, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) };
    const answer = await fetch(url, { headers, signal: stream.leaving.signal });
    stream.status = answer.status;
    stream.headers = answer.headers;
    void stream.read(answer);
    return stream;
  }

  of(event: string): ServerEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  get lastId(): string {
    return this.events.at(-1)!.id;
  }

  cut(): void {
    this.leaving.abort();
  }

  /** Waits until the service has ended the answer. */
  async ended(): Promise<void> {
    await until(() => this.hasEnded);
  }

  private async read(answer: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body ?? []) this.take(decoder.decode(chunk, { stream: true }));
      this.hasEnded = true;
    } catch {
      // It was cut off.
    }
  }

  private take(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments++;
      else {
        const fields = Object.fromEntries(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        this.events.push({ event: fields.event, id: fields.id, data: JSON.parse(fields.data) });
      }
    }
  }
}
