import type { Request } from './client.js';

const WIDTH = 24;
const LINE_EVERY_MS = 10_000;

/** Shows on stderr how far a request is: a bar on a terminal, else a line every ten seconds. */
export class Progress {
  private readonly began = performance.now();
  private readonly settledAtFirst: { count?: number } = {};
  private lastLine = performance.now();

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {}

  show({ counts, is_final: isFinal }: Request): void {
    const settled = counts.done + counts.failed + counts.cancelled;
    this.settledAtFirst.count ??= settled;
    const seconds = (performance.now() - this.began) / 1000;
    const rate = (settled - this.settledAtFirst.count) / Math.max(seconds, 0.1);
    const text = [
      `${settled} of ${counts.images} images`,
      rate > 0 && !isFinal ? `${rate.toFixed(rate < 10 ? 1 : 0)} a second` : '',
      rate > 0 && !isFinal ? `${duration((counts.images - settled) / rate)} left` : '',
      counts.failed > 0 ? `${counts.failed} failed` : '',
    ];
    const line = text.filter(Boolean).join(', ');
    if (this.out.isTTY) this.out.write(`\r\x1b[K${bar(settled / Math.max(counts.images, 1))} ${line}`);
    else if (isFinal || performance.now() - this.lastLine >= LINE_EVERY_MS) {
      this.lastLine = performance.now();
      this.out.write(`${line}\n`);
    }
  }

  /** Leaves the line of the bar. */
  end(): void {
    if (this.out.isTTY) this.out.write('\n');
  }
}

function bar(share: number): string {
  const full = Math.round(share * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
