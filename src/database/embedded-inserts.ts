import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { JsonInsert } from './statements/insert-rows.js';

/** What the write-ahead log keeps of the disk once it is written back, whatever it grew to. */
export const MAX_WAL_BYTES = 64 * 1024 * 1024;

/** An error of the driver on the other side. */
type Answer = { message: string; code?: string } | null;

/**
 * Inserts rows into the SQLite file in a thread of its own, so that calls are answered and the next rows read meanwhile. One call
 * at a time, and no other write meanwhile: whoever calls it holds the turn of writing.
 */
export class EmbeddedInserts {
  private worker?: Worker;
  private settle?: (error: Error | null) => void;

  constructor(private readonly file: string) {}

  /** All of the rows or none. @throws the error of the driver, with its code */
  run(inserts: JsonInsert[]): Promise<void> {
    const worker = (this.worker ??= this.begin());
    worker.ref();
    return new Promise<void>((resolve, reject) => {
      this.settle = (error) => (error ? reject(error) : resolve());
      worker.postMessage(inserts);
    });
  }

  /** Ends the thread; a later call begins another. */
  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private begin(): Worker {
    const workerData = { file: this.file, maxWalBytes: MAX_WAL_BYTES };
    const worker = new Worker(path.join(import.meta.dirname, 'insert-thread.mjs'), { workerData });
    worker.on('message', (answer: Answer) => {
      worker.unref();
      this.end(answer && Object.assign(new Error(answer.message), answer));
    });
    worker.on('error', (error: Error) => this.end(error));
    worker.on('exit', () => {
      this.worker = undefined;
      this.end(new Error('the thread that inserts rows has ended'));
    });
    return worker;
  }

  private end(error: Error | null): void {
    this.settle?.(error);
    this.settle = undefined;
  }
}
