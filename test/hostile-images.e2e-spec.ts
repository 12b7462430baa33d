import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Bomb, makeBombs } from './helpers/bombs.js';

const WITHIN_MS = 10_000;
const MAX_MEGABYTES = 600;
const MAX_MEGABYTES_IDLE = 450;
const PHOTO_WITHIN_MS = 2_000;

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
}

describe('hostile images', () => {
  let folder: string;
  let bombs: Record<string, Bomb>;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'image-processing-bombs-'));
    bombs = await makeBombs();
    Object.values(bombs).forEach(({ bytes }, index) =>
      writeFileSync(path.join(folder, String(index)), bytes),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(OPTIONS)(
    'end in 10 s with a code or a result, in 600 MB that are given back, and hold up no other, with %j',
    async (fields) => {
      const child = new Child();
      const faults: string[] = [];
      for (const [index, [name, { ends }]] of Object.entries(bombs).entries()) {
        const ending = await child.compress(path.join(folder, String(index)), fields);
        const isGood =
          ends.includes(ending.end) &&
          ending.ms <= WITHIN_MS &&
          ending.megabytes <= MAX_MEGABYTES &&
          ending.slowestPhotoMs <= PHOTO_WITHIN_MS;
        if (!isGood) faults.push(`${name}: ${JSON.stringify(ending)}`);
        if (process.env.TEST_LOG) console.log(JSON.stringify(fields), name, JSON.stringify(ending));
      }

      expect(faults).toEqual([]);
      expect(await child.idle(MAX_MEGABYTES_IDLE)).toBeLessThanOrEqual(MAX_MEGABYTES_IDLE);
      expect(child.isRunning).toBe(true);
      child.stop();
    },
    200_000,
  );
});

class Child {
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor() {
    this.process = spawn(process.execPath, [path.join(__dirname, 'helpers/compress-in-child.mjs')], {
      env: {
        PATH: process.env.PATH,
        UV_THREADPOOL_SIZE: '18',
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '16777216',
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
