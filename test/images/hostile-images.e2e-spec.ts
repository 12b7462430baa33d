import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Bomb, makeBombs } from '../helpers/pictures/bombs.js';
import { ROOT } from '../helpers/paths.js';

const WITHIN_MS = 10_000;
const MAX_MEGABYTES = 600;
/** Of the largest HEIC that is taken: 13 bytes a pixel while it is decoded, and what the process has. */
const MAX_MEGABYTES_HEIC = 900;
const MAX_MEGABYTES_IDLE = 450;
const RESTED_MEGABYTES = 200;
const PHOTO_WITHIN_MS = 2_000;

/** What parts besides a picture may cost: the file a few times over, for reading and decoding it, and nothing unpacked. */
const GROWTH_OF_INPUT = 4;
const GROWTH_MEGABYTES = 48;

/** The mildest, the dearest, and those that try several encoders. */
const OPTIONS = [
  {},
  { format: 'avif', effort: 'best' },
  { format: 'auto', effort: 'best' },
  { format: 'png', effort: 'best' },
  { format: 'webp', effort: 'best', metadata: 'all' },
  { target: 'ssim:0.99' },
  { format: 'auto', target: 'bytes:20000' },
  { effort: 'fast' },
  { format: 'auto', max_width: 1500 },
];

interface Ending {
  end: string;
  ms: number;
  slowestPhotoMs: number;
  megabytes: number;
  /** By how much the memory grew over this image. */
  grownMegabytes: number;
}

describe('hostile images', () => {
  let folder: string;
  let bombs: BombFile[];
  let child: Child;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'image-processing-bombs-'));
    bombs = writeFiles(folder, await makeBombs());
  });
  afterEach(() => child.stop());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(OPTIONS)(
    'end in 10 s with a code or a result, in 600 MB that are given back, and hold up no other, with %j',
    async (fields) => {
      child = new Child();
      const faults: string[] = [];
      for (const bomb of bombs) faults.push(...(await faultsOfEachTry(bomb, child, fields)));

      expect(faults).toEqual([]);
      expect(await child.idle(MAX_MEGABYTES_IDLE)).toBeLessThanOrEqual(MAX_MEGABYTES_IDLE);
      expect(child.isRunning).toBe(true);
    },
  );

  it('may be HEICs of 36 million pixels: they end in 10 s and 900 MB, and give them back', async () => {
    child = new Child();
    const file = path.join(ROOT, 'test/fixtures/large/36-megapixels.heic');

    const heic: BombFile = {
      name: 'HEIC of 36 million pixels',
      file,
      bytes: readFileSync(file),
      ends: ['LARGER'], // a JPEG of this calm picture is larger than its HEIC
      maxMegabytes: MAX_MEGABYTES_HEIC,
    };
    for (const fields of [{}, { format: 'png' }, { format: 'auto', effort: 'best' }])
      expect({ fields, faults: await faultsOfEachTry(heic, child, fields) }).toEqual({ fields, faults: [] });
    expect(await child.idle(MAX_MEGABYTES_IDLE)).toBeLessThanOrEqual(MAX_MEGABYTES_IDLE);
  });
});

interface BombFile extends Bomb {
  name: string;
  file: string;
  /** `MAX_MEGABYTES` where it is left out. */
  maxMegabytes?: number;
}

function writeFiles(folder: string, bombs: Record<string, Bomb>): BombFile[] {
  return Object.entries(bombs).map(([name, bomb]) => {
    const file = path.join(folder, name.replace(/\W/g, '-'));
    writeFileSync(file, bomb.bytes);
    return { ...bomb, name, file };
  });
}

/**
 * None if one of three tries is good. What is at fault with an image is so each time; on a busy machine a try may be
 * slow, or begin with memory of the image before: a further one begins when most of that has been given back.
 */
async function faultsOfEachTry(bomb: BombFile, child: Child, fields: object): Promise<string[]> {
  let faults: string[] = [];
  for (let tries = 0; tries < 3; tries++) {
    if (tries > 0) await child.idle(RESTED_MEGABYTES);
    faults = await faultsOf(bomb, child, fields);
    if (faults.length === 0) break;
  }
  return faults;
}

async function faultsOf(
  { name, file, bytes, ends, isSmallPicture, maxMegabytes = MAX_MEGABYTES }: BombFile,
  child: Child,
  fields: object,
): Promise<string[]> {
  const ending = await child.compress(file, fields);
  if (process.env.TEST_LOG) console.log(JSON.stringify(fields), name, JSON.stringify(ending));
  const isGood =
    ends.includes(ending.end) &&
    ending.ms <= WITHIN_MS &&
    ending.megabytes <= maxMegabytes &&
    (!isSmallPicture || ending.grownMegabytes <= mostGrowth(bytes)) &&
    ending.slowestPhotoMs <= PHOTO_WITHIN_MS;
  return isGood ? [] : [`${name}: ${JSON.stringify(ending)}`];
}

function mostGrowth(bytes: Buffer): number {
  return GROWTH_MEGABYTES + (GROWTH_OF_INPUT * bytes.length) / 1_000_000;
}

class Child {
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor() {
    this.process = spawn(process.execPath, [path.join(ROOT, 'test/helpers/pictures/compress-in-child.mjs')], {
      env: {
        PATH: process.env.PATH,
        UV_THREADPOOL_SIZE: '18',
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '16777216',
        MALLOC_TRIM_THRESHOLD_: '33554432',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  compress(file: string, fields: object): Promise<Ending> {
    return this.ask({ file, fields });
  }

  /** The memory that is left when it has nothing to do. */
  async idle(megabytes: number): Promise<number> {
    return (await this.ask<{ megabytes: number }>({ idle: megabytes })).megabytes;
  }

  private async ask<Answer>(question: object): Promise<Answer> {
    this.process.stdin!.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the process ended with ${this.process.exitCode ?? this.process.signalCode}`);
    return JSON.parse(value);
  }

  stop(): void {
    this.process.stdin!.end();
  }
}
