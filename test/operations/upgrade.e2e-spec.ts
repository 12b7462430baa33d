import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readSettings } from '../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { SettingsError } from '../../src/errors/app-error.js';
import { describeOnEachEngine, describeOnServers, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { OldDatabase } from '../helpers/app/old-database.js';
import { startApp } from '../helpers/app/test-app.js';
import { MAIN } from '../helpers/paths.js';

/** What a process is given that is to die as soon as it has said something: nobody else would be quick enough. */
const dyingAt = (pattern: RegExp) => {
  const code = `const { write } = process.stdout;
    process.stdout.write = function (text, ...rest) {
      write.call(this, text, ...rest);
      if (${pattern}.test(text)) process.kill(process.pid, 'SIGKILL');
    };`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` };
};

/** Migrates as `npm run migrate` does; the process is killed as soon as it says `pattern`. @returns what it had said */
async function migrate({ environment }: Installation, killAt?: RegExp): Promise<string> {
  const child = spawn(process.execPath, [MAIN, '--migrate'], {
    env: { PATH: process.env.PATH, ...environment, ...(killAt && dyingAt(killAt)) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  await once(child, 'close');
  return output;
}

describeOnEachEngine('a database of an earlier version', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  beforeEach(async () => {
    installation = await engine.install();
    origin = await serveImages({ '/photo.jpg': await photo(60, 40) });
  });
  afterEach(async () => {
    await installation.remove();
    await origin.close();
  });

  it('is migrated, killed and migrated again: all answers are as before, and open images finish', async () => {
    const old = await OldDatabase.create(installation);
    const small = await old.add(
      { done: 3, repeats: 2, failed: 1, open: 0, idempotencyKey: 'again' },
      origin.url(''),
    );
    const large = await old.add({ done: 20_000, repeats: 5_000, failed: 15_000, open: 0 }, origin.url(''));
    const open = await old.add({ done: 2, repeats: 0, failed: 1, open: 4 }, origin.url(''));
    await old.close();

    expect(await migrate(installation, /copied/)).toContain('of 40,013 images copied');
    await expect(openDataSource(dataSourceOptions(readSettings(installation.environment)))).rejects.toThrow(
      SettingsError,
    );
    expect(await migrate(installation)).toContain('40,013 of 40,013 images copied');

    const app = await startApp(installation);
    try {
      await app.client.completed(open);
      const { json: request } = await app.client.get(`/requests/${open}`);
      expect(request.counts).toMatchObject({ images: 7, done: 6, failed: 1 });
      expect(await app.client.images(small)).toEqual(imagesOf(small, origin, app.client.url));
      const { text } = await app.client.get(`/requests/${large}/output.csv`);
      const lines = text.trim().split('\n');
      expect(lines).toHaveLength(40_001);
      expect(lines[20_000]).toMatch(`/images/${large}/20000-0123456789abcdef.jpg`);
      expect(lines[25_000]).toMatch(`/images/${large}/1-0123456789abcdef.jpg`);
      expect(lines[40_000]).toMatch(/,$/);
    } finally {
      await app.close();
    }
    await expectWholeModel(installation);
  });
});

describeOnServers('a database of an earlier version that is in use', (engine) => {
  it('is not migrated before the other program has gone', async () => {
    const installation = await engine.install();
    const old = await OldDatabase.create(installation);
    await old.add({ done: 1, repeats: 0, failed: 0, open: 0 }, 'http://a.example');

    // A connection that is silent for a quarter of a minute is closed: nobody uses the database then.
    const use = setInterval(() => void old.dataSource.query('SELECT 1'), 1000);
    expect(await migrate(installation)).toContain('stop every process of the earlier version');
    clearInterval(use);
    await old.close();
    expect(await migrate(installation)).toContain('up to date');
    await installation.remove();
  });
});

/** Every image has its host, every settled one its number, every done one its output, every output its file. */
async function expectWholeModel({ environment }: Installation): Promise<void> {
  const dataSource = await openDataSource(dataSourceOptions(readSettings(environment)));
  const count = async (rows: string) => {
    const [{ count }] = await dataSource.query(`SELECT COUNT(*) AS count FROM ${rows}`);
    return Number(count);
  };
  const hosts = await dataSource.query(
    'SELECT host, image_count AS images FROM request_hosts ORDER BY request_key',
  );
  expect(hosts.map((row: { images: number }) => row.images)).toEqual([6, 40_000, 7]);
  expect(hosts[0].host).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await count('images WHERE host <> 1')).toBe(0);
  expect(await count("outputs WHERE name = 'image'")).toBe(25_011);
  expect(await count("files WHERE kind = 'output' AND state = 'live'")).toBe(3 + 20_000 + 2 + 1);
  expect(
    await count('outputs WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.file_key = outputs.file_key)'),
  ).toBe(0);
  const settled = "status IN ('done', 'failed') AND request_key < 3";
  expect(await count(`images WHERE ${settled} AND settled_no = number`)).toBe(40_006);
  await dataSource.destroy();
}

function imagesOf(id: string, origin: ImageOrigin, url: string): unknown[] {
  return [1, 2, 3, 4, 5, 6].map((number) => {
    const file = number > 3 ? 1 : number;
    const common = {
      id: `${id}-${number}`,
      line: number + 1,
      serial_number: `${number}`,
      product_name: 'SKU',
      position: 1,
      file_url: null,
      redo: null,
    };
    if (number === 6)
      return {
        ...common,
        input_url: origin.url('/gone.jpg?6'),
        ...{
          output_url: null,
          status: 'failed',
          outcome: null,
          attempts: 1,
          download: null,
          input: null,
          output: null,
        },
        error: { code: 'HTTP_404', message: 'There is no such file.', retryable: false },
        ...{ quality: null, similarity: null, milliseconds: null, notes: [] },
        ...{ fits: null, broken_rules: [], outputs: [] },
      };
    return {
      ...common,
      input_url: origin.url(`/${file}.jpg`),
      output_url: `${url}/images/${id}/${file}-0123456789abcdef.jpg`,
      ...{ status: 'done', outcome: 'compressed', error: null, attempts: 1 },
      download: { how: 'fetched', milliseconds: 30 },
      input: { bytes: 5_000, format: 'jpeg', width: 60, height: 40 },
      output: { bytes: 1_000, format: 'jpeg', width: 60, height: 40 },
      ...{ quality: 50, similarity: 0.9731, milliseconds: 12, notes: ['profile_converted'] },
      ...{
        fits: null,
        broken_rules: [],
        outputs: [expect.objectContaining({ rendition: 'image', bytes: 1_000 })],
      },
    };
  });
}
