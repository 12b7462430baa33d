import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MEMORY_LIMIT, SpooledBody } from './spooled-body.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spool-'));
});

afterEach(async () => {
  expect(await openSpoolFiles()).toEqual([]);
  await rm(folder, { recursive: true });
});

/** Temporary files that this process still holds, with or without a name. Linux tells; elsewhere there is none to see. */
async function openSpoolFiles(): Promise<string[]> {
  const handles = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(
    handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => '')),
  );
  return targets.filter((target) => target.includes('download-'));
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

describe('SpooledBody', () => {
  it.each([
    [0, 1, false],
    [1, 1, false],
    [70_000, 1, false],
    [MEMORY_LIMIT, 65_536, false],
    [MEMORY_LIMIT + 1, 65_536, true],
    [3 * MEMORY_LIMIT + 5, 65_521, true],
    [2 * MEMORY_LIMIT, 2 * MEMORY_LIMIT, true],
  ])('gives back %d bytes that came in chunks of %d (in a file: %s)', async (size, chunkSize, isSpilled) => {
    const sent = randomBytes(size);

    const body = await SpooledBody.collect(chunksOf(sent, chunkSize), folder);

    expect(body).toMatchObject({ bytes: size, isSpilled });
    expect((await body.read()).equals(sent)).toBe(true);
    expect((await body.read()).equals(sent)).toBe(true);
    await body.discard();
  });

  it('takes one buffer of the announced length', async () => {
    const sent = randomBytes(300_000);

    const body = await SpooledBody.collect(chunksOf(sent, 65_536), folder, sent.length);

    const read = await body.read();
    expect(read.equals(sent)).toBe(true);
    expect(read.buffer.byteLength).toBe(sent.length);
    await body.discard();
  });

  it.each([NaN, 0, 10, 5 * MEMORY_LIMIT])(
    'gives back all bytes where %d were announced',
    async (announced) => {
      const sent = randomBytes(2 * MEMORY_LIMIT);

      const body = await SpooledBody.collect(chunksOf(sent, 65_521), folder, announced);

      expect((await body.read()).equals(sent)).toBe(true);
      await body.discard();
    },
  );

  it('leaves no name in the folder even while the file is in use, so that a crash leaves nothing', async () => {
    const body = await SpooledBody.collect(chunksOf(randomBytes(2 * MEMORY_LIMIT), 65_536), folder);

    expect(await readdir(folder)).toEqual([]);
    await body.discard();
  });

  it('can be discarded twice, and not be read afterwards', async () => {
    const body = await SpooledBody.collect(chunksOf(randomBytes(2 * MEMORY_LIMIT), 65_536), folder);

    await body.discard();
    await body.discard();

    await expect(body.read()).rejects.toThrow('discarded');
  });

  it('throws what the source throws, and leaves nothing', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield randomBytes(2 * MEMORY_LIMIT);
      throw new Error('reset');
    }

    await expect(SpooledBody.collect(broken(), path.join(folder, 'made', 'here'))).rejects.toThrow('reset');

    expect(await readdir(path.join(folder, 'made', 'here'))).toEqual([]);
  });
});
