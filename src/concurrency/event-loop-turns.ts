import { setImmediate } from 'node:timers';

/**
 * Lets work that may need no I/O at all take turns with everything else in the process. One caller is admitted in each
 * round of the event loop: however many of them end at once, requests are answered and timers run in between.
 */
export class EventLoopTurns {
  private readonly waiting: (() => void)[] = [];

  /** Resolves in a later round of the event loop, after everybody who asked before. */
  next(): Promise<void> {
    return new Promise((admit) => {
      this.waiting.push(admit);
      if (this.waiting.length === 1) setImmediate(() => this.admitOne());
    });
  }

  private admitOne(): void {
    this.waiting.shift()!();
    if (this.waiting.length > 0) setImmediate(() => this.admitOne());
  }
}
