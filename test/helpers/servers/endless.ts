import type { Writable } from 'node:stream';

/** Writes `piece` again and again, as fast as it is read, or every `everyMs`, until the output is closed. */
export function endless(output: Writable, piece: Buffer | string, everyMs = 0): void {
  const write = () => {
    if (output.destroyed) return;
    const isRead = output.write(piece);
    if (everyMs > 0) setTimeout(write, everyMs);
    else if (isRead) setImmediate(write);
    else output.once('drain', write);
  };
  write();
}
