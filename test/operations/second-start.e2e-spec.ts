import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { SettingsError } from '../../src/errors/app-error.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { Service } from '../helpers/app/service.js';
import { startApp } from '../helpers/app/test-app.js';
import { MAIN } from '../helpers/paths.js';

describe('a second process with the same DATA_DIR', () => {
  it('is refused before it removes what the first is writing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'second-start-'));
    const installation: Installation = { environment: { DATA_DIR: folder }, remove: async () => undefined };
    const first = await startApp(installation);
    const unfinished = ['images/.partial/a', 'uploads/b', 'tmp/c'].map((name) => path.join(folder, name));
    for (const file of unfinished) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, 'the first half');
    }

    await expect(startApp(installation)).rejects.toThrow(SettingsError);
    for (let calls = 0; calls < 50; calls++) await readdir(folder); // what a sweep that has begun takes to end

    expect(unfinished.map((file) => existsSync(file))).toEqual([true, true, true]);
    await first.close();
    rmSync(folder, { recursive: true });
  });

  it('does not migrate its database', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'second-start-'));
    const first = await startApp({ environment: { DATA_DIR: folder }, remove: async () => undefined });
    const migrate = () =>
      promisify(execFile)(process.execPath, [MAIN, '--migrate'], {
        env: { PATH: process.env.PATH, DATA_DIR: folder },
      });

    const refused = await migrate().catch(({ code, stdout, stderr }) => ({ code, stdout: stdout + stderr }));
    await first.close();
    const { stdout } = await migrate();

    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('Stop it first.') });
    expect(stdout).toContain('up to date');
    rmSync(folder, { recursive: true });
  });
});

describeOnEachEngine('a start that can not listen', (engine) => {
  let installation: Installation;

  beforeAll(async () => {
    installation = await engine.install();
  });
  afterAll(() => installation.remove());

  const start = (environment: Record<string, string>) =>
    Service.start({ ...installation.environment, API_KEYS: 'a-key-of-this-test', ...environment });

  it('says that HOST is no address of this machine', async () => {
    for (const HOST of ['example.invalid', '192.0.2.1']) {
      const started = start({ HOST, PORT: '0' });

      await expect(started).rejects.toThrow(`HOST ${HOST} is no address of this machine`);
      await expect(started).rejects.not.toThrow('DATABASE_URL:');
    }
  });

  it('says without colours which setting is wrong, and as JSON where that is asked for', async () => {
    const wrong = (LOG_FORMAT: string) =>
      start({ PORT: 'abc', LOG_FORMAT }).then(String, ({ message }: Error) => message);

    expect(await wrong('text')).toContain('PORT must be a whole number');
    expect(await wrong('text')).not.toContain('\u001b');
    expect(await wrong('json')).toMatch(/\{"level":"error".*PORT must be a whole number/);
  });

  it('says that PORT is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;

    await expect(start({ PORT: String(port) })).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken`);

    await new Promise((resolve) => other.close(resolve));
  });
});
