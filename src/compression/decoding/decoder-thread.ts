import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ImageError } from '../../errors/app-error.js';
import type { ForeignName } from '../formats/foreign-format.js';
import { corrupt } from '../formats/file-format.js';

/** A decoded picture, upright, 8 bits a sample. */
export interface DecodedSamples {
  /** With 8 bytes of room before the samples, and some thousand behind them, besides as many as `icc` has. */
  samples: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
  icc?: Uint8Array;
  /** Primaries, transfer and matrix as ITU-T H.273 numbers them. */
  nclx?: [number, number, number];
  exif?: Uint8Array;
}

interface Question {
  kind: ForeignName;
  bytes: Buffer;
  maxPixels: number;
  /** Room behind the samples, besides that for what the file holds. */
  extraBytes: number;
  endsAt?: number;
}

type Answer = { id: number; heapBytes: number } & (DecodedSamples | { error: string });

/** The memory of WebAssembly never shrinks; a thread that holds more is ended, which gives it back. */
const MAX_HEAP_BYTES = 64_000_000;
/** 36 million pixels take 3 s. */
const DEADLINE_MS = 30_000;

/** Decodes one picture at a time in a thread of its own, so that nothing else waits for it, and no fault reaches beyond it. */
class DecoderThread {
  private worker?: Worker;
  private last: Promise<unknown> = Promise.resolve();
  private questions = 0;

  /** @throws ImageError IMAGE_CORRUPT, IMAGE_TOO_SLOW */
  decode(question: Question): Promise<DecodedSamples> {
    const result = this.last.then(() => this.ask(question));
    this.last = result.catch(() => undefined);
    return result;
  }

  private ask(question: Question): Promise<DecodedSamples> {
    const worker = (this.worker ??= new Worker(path.join(import.meta.dirname, 'decode.mjs')));
    const id = (this.questions += 1);
    worker.ref();
    return new Promise<DecodedSamples>((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(deadline);
        worker.off('error', onError).off('exit', onExit).off('message', onMessage);
        worker.unref();
      };
      const fail = (error: ImageError): void => {
        stop();
        this.end(worker);
        reject(error);
      };
      const onError = (error: unknown): void => fail(corrupt({ cause: error }));
      const onExit = (): void => fail(corrupt());
      const onMessage = (answer: Answer): void => {
        if (answer.id !== id) return;
        if ('error' in answer) return fail(corrupt({ cause: new Error(answer.error) }));
        stop();
        if (answer.heapBytes > MAX_HEAP_BYTES) this.end(worker);
        resolve(answer);
      };
      const deadline = setTimeout(() => fail(tooSlow()), DEADLINE_MS);
      worker.on('error', onError).on('exit', onExit).on('message', onMessage);
      worker.postMessage({ id, ...question });
    });
  }

  private end(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
    void worker.terminate();
  }
}

/** The one thread of this process, which begins with the first picture. */
export const decoderThread = new DecoderThread();

function tooSlow(): ImageError {
  return new ImageError('IMAGE_TOO_SLOW', 'The image takes too long to decode.');
}
