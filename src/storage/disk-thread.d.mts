import type fs from 'node:fs';
import type { DurableFile } from './durable-files.js';

export function makeDurable(
  files: DurableFile[],
  disk?: Omit<typeof fs, 'fsync'> & { fsync(descriptor: number, done: (error: Error | null) => void): void },
): Promise<(NodeJS.ErrnoException | null)[]>;
