import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** A file that gets its name when it is complete. */
export interface DurableFile {
  /** Its path until then. */
  partial: string;
  file: string;
  /** Written to `partial`; without it, what is there is taken. */
  content?: Buffer;
}

interface Waiting extends DurableFile {
  settle: (error: Error | null) => void;
}

interface Answer {
  id: number;
  errors: (Partial<NodeJS.ErrnoException> | null)[];
}

/** Files of a group are in memory twice, on their way to the other thread. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
const MAX_GROUP = 64;
/** While the disk is busy with one, the next is written. */
const GROUPS_AT_ONCE = 2;

/**
 * Writes files, and returns when they are there also after a power cut. A thread of its own does it for all that wait at once:
 * that takes a third of the CPU of eight calls a file on the main thread, and lets the disk do several in one go.
 */
export class DurableFiles {
  private readonly waiting: Waiting[] = [];
  private readonly groups = new Map<number, Waiting[]>();
  private worker?: Worker;
  private sent = 0;
  private isSending = false;

  /** When it returns, the content and the name are on the disk. @throws the error of the operating system; nothing is left then */
  write(file: DurableFile): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.waiting.push({ ...file, settle: (error) => (error ? reject(error) : resolve()) });
      void this.send();
    });
  }

  /** Ends the thread. What it has not written yet fails; a later call begins another. */
  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  /** What came in this turn of the event loop goes together. */
  private async send(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    await setImmediate();
    this.isSending = false;
    while (this.waiting.length > 0 && this.groups.size < GROUPS_AT_ONCE) this.sendGroup();
  }

  private sendGroup(): void {
    const group = this.waiting.splice(0, sizeOfGroup(this.waiting));
    const id = (this.sent += 1);
    this.groups.set(id, group);
    const worker = (this.worker ??= this.begin());
    worker.ref();
    worker.postMessage({
      id,
      files: group.map(({ partial, file, content }) => ({ partial, file, content })),
    });
  }

  private begin(): Worker {
    const worker = new Worker(path.join(import.meta.dirname, 'disk-thread.mjs'));
    worker.on('message', ({ id, errors }: Answer) => this.settle(id, errors));
    worker.on('error', (error: Error) => this.fail(worker, error));
    worker.on('exit', () => this.fail(worker, new Error('the thread that writes files has ended')));
    return worker;
  }

  private settle(id: number, errors: Answer['errors']): void {
    const group = this.groups.get(id) ?? [];
    this.groups.delete(id);
    group.forEach(({ settle }, index) => settle(asError(errors[index])));
    if (this.groups.size === 0) this.worker?.unref();
    void this.send();
  }

  private fail(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const groups = [...this.groups.values()];
    this.groups.clear();
    for (const { settle } of groups.flat()) settle(error);
    void this.send();
  }
}

/** How many of the first are sent together. */
function sizeOfGroup(waiting: DurableFile[]): number {
  let bytes = 0;
  let size = 0;
  while (size < Math.min(waiting.length, MAX_GROUP) && bytes < MAX_GROUP_BYTES)
    bytes += waiting[size++].content?.length ?? 0;
  return size;
}

/** An error as the operating system's was, on this side of the thread. */
function asError(copied: Answer['errors'][number]): Error | null {
  return copied && Object.assign(new Error(copied.message), copied);
}
