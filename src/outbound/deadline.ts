import { OutboundError } from '../errors/app-error.js';

/**
 * The total time of one call, and the caller's wish to stop, as one signal. A server that sends a byte now and then
 * never trips a timeout between bytes; only this ends it. Call {@link clear} when the call is over.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private hasExpired = false;

  /** @throws the caller's reason if `callerSignal` is aborted already */
  constructor(
    private readonly timeoutMs: number,
    private readonly callerSignal?: AbortSignal,
  ) {
    callerSignal?.throwIfAborted();
    // Not AbortSignal.any: Node 20 leaks an entry per call on a signal that lives as long as the process.
    callerSignal?.addEventListener('abort', this.abort);
    this.timer = setTimeout(() => {
      this.hasExpired = true;
      this.abort();
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What really ended the call that failed with `error`: the caller (with the reason given), the time, or `error`. */
  explain(error: unknown): unknown {
    if (this.callerSignal?.aborted) return this.callerSignal.reason;
    if (!this.hasExpired) return error;
    const message = `The server took longer than ${this.timeoutMs / 1000} s.`;
    return new OutboundError('TIMEOUT', message);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.callerSignal?.removeEventListener('abort', this.abort);
  }

  private readonly abort = (): void => this.controller.abort();
}
