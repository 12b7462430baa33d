import fs from 'node:fs';
import { promisify } from 'node:util';

const open = promisify(fs.open);
const read = promisify(fs.read);
const close = promisify(fs.close);
const readRest = promisify(fs.readFile);

/** A file that is shorter is read at once, whatever its length is. */
const READ_AT_ONCE = 32 * 1024;

/**
 * The content of a file. `readFile` of `node:fs/promises` asks for its length first, and for a small file takes two to three times the
 * CPU: what counts there is how often the thread pool is asked.
 */
export async function readWholeFile(file: string): Promise<Buffer> {
  const descriptor = await open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_AT_ONCE);
    const { bytesRead } = await read(descriptor, buffer, 0, READ_AT_ONCE, 0);
    if (bytesRead === READ_AT_ONCE) return await readRest(descriptor); // from its start: the reading before has moved nothing
    // A small file must not keep all of the memory.
    return bytesRead * 2 > READ_AT_ONCE
      ? buffer.subarray(0, bytesRead)
      : Buffer.from(buffer.subarray(0, bytesRead));
  } finally {
    await close(descriptor);
  }
}
