import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';

/** An image that has ended, as its row says it. */
export interface MeasuredImage {
  state: 'done' | 'failed';
  /** Of the error; null where it is done. */
  code: string | null;
  /** Of the output; null where it failed. */
  format: string | null;
  /** How the bytes came, and in how many milliseconds; null where nothing was fetched for it. */
  download: { how: string; milliseconds: number } | null;
  /** From the bytes of the source to those of the output; 0 for a reused result, null where it failed. */
  encodeMs: number | null;
  inputBytes: number;
  outputBytes: number;
}

/** A call that was answered. */
export interface MeasuredCall {
  method: string;
  /** The pattern of its route, never its path: that has an id. */
  route: string;
  status: number;
  milliseconds: number;
}

const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

/**
 * What this process counts while it works, for `GET /metrics`. Names and labels are described in `docs/operations.md` (a test
 * compares them). Labels have few values: no id, host or key is one.
 */
@Injectable()
export class Measurements {
  readonly registry = new Registry();

  private readonly settled = new Counter({
    name: 'image_processing_images_settled_total',
    help: 'Images that have ended, by state, error code and format of the output',
    labelNames: ['state', 'code', 'format'],
    registers: [this.registry],
  });
  private readonly bytes = new Counter({
    name: 'image_processing_image_bytes_total',
    help: 'Bytes of the sources (input) and results (output) of done images',
    labelNames: ['direction'],
    registers: [this.registry],
  });
  private readonly saved = new Counter({
    name: 'image_processing_saved_bytes_total',
    help: 'Bytes by which results are smaller than their sources',
    registers: [this.registry],
  });
  private readonly downloads = new Histogram({
    name: 'image_processing_download_seconds',
    help: 'From the call to the last byte of an image',
    labelNames: ['how'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  private readonly encodings = new Histogram({
    name: 'image_processing_encode_seconds',
    help: 'From the bytes of a source to those of its result, by format of the result',
    labelNames: ['format'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  private readonly tries = new Histogram({
    name: 'image_processing_delivery_seconds',
    help: 'Tries of webhook deliveries, by how they ended',
    labelNames: ['result'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  private readonly calls = new Histogram({
    name: 'image_processing_http_request_seconds',
    help: 'Calls of the API',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [this.registry],
  });

  /** Counts images whose end is committed. */
  imagesSettled(images: MeasuredImage[]): void {
    for (const { state, code, format, download, encodeMs, inputBytes, outputBytes } of images) {
      this.settled.inc({ state, code: code ?? '', format: format ?? '' });
      if (download) this.downloads.observe({ how: download.how }, download.milliseconds / 1000);
      if (state === 'failed') continue;
      this.bytes.inc({ direction: 'input' }, inputBytes);
      this.bytes.inc({ direction: 'output' }, outputBytes);
      this.saved.inc(Math.max(0, inputBytes - outputBytes));
      if (encodeMs) this.encodings.observe({ format: format ?? '' }, encodeMs / 1000);
    }
  }

  /** Counts a try of a delivery that is recorded: `delivered`, `retried` (it will be) or `failed` (it is given up). */
  deliveryTried(result: 'delivered' | 'retried' | 'failed', milliseconds: number): void {
    this.tries.observe({ result }, milliseconds / 1000);
  }

  callAnswered({ method, route, status, milliseconds }: MeasuredCall): void {
    this.calls.observe({ method, route, status: String(status) }, milliseconds / 1000);
  }
}
