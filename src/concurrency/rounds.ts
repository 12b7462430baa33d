/**
 * Repeats some work until it is stopped. A round begins only after the previous one has ended, and the timer keeps no
 * process alive.
 */
export class Rounds {
  private timer?: NodeJS.Timeout;
  private isStarted = false;
  private isRunning = false;
  /** Where the next round was asked for while one ran. */
  private nextWithinMs = Infinity;
  private current: Promise<void> = Promise.resolve();

  /**
   * @param everyMs from the end of a round to the next, also where it failed
   * @param round one round; may give other milliseconds until the next one
   * @param onError told of a round that failed
   */
  constructor(
    private readonly everyMs: number,
    private readonly round: () => Promise<number | void>,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Begins the first round in `delayMs`. */
  start(delayMs = 0): void {
    this.isStarted = true;
    this.schedule(delayMs);
  }

  /** Begins no more rounds, and returns when the one that may be under way has ended. Can be started again. */
  async stop(): Promise<void> {
    this.isStarted = false;
    clearTimeout(this.timer);
    await this.current;
  }

  /** Begins the next round in `delayMs`, or so long after the end of the one that runs. Nothing where it is stopped. */
  hurry(delayMs: number): void {
    if (!this.isStarted) return;
    if (this.isRunning) this.nextWithinMs = Math.min(this.nextWithinMs, delayMs);
    else this.schedule(delayMs);
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.current = this.run();
    }, delayMs).unref();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    this.nextWithinMs = Infinity;
    const delayMs = await this.round().catch(this.onError);
    this.isRunning = false;
    if (this.isStarted) this.schedule(Math.min(delayMs ?? this.everyMs, this.nextWithinMs));
  }
}
