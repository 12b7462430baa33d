import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DataSource } from 'typeorm';
import { readSettings } from '../config/settings.js';
import { dataSourceOptions, openDataSource } from '../database/data-source.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { FileEntity } from '../database/entities/file.entity.js';
import { OutputEntity } from '../database/entities/output.entity.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import { LocalFileStorage } from '../storage/local.file-storage.js';
import { FileRows } from './file-rows.js';
import { FileSweeper } from './file-sweeper.js';
import { Files, type NewFile } from './files.js';
import { SweepLock } from './sweep-lock.js';

const HOUR = 3_600_000;
const KEY = '00112233445566778899aabbccddeeff/image.jpg';

describe('the files of the storage', () => {
  let folder: string;
  let dataSource: DataSource;
  let database: Database;
  let storage: LocalFileStorage;
  let clock: DatabaseClock;
  let files: Files;
  let sweeper: FileSweeper;
  let requestKey: number;
  /** How far the clock was moved on. */
  let later: number;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'files-'));
    dataSource = await openDataSource({
      ...dataSourceOptions(readSettings({ DATA_DIR: folder })),
      migrationsRun: true,
    });
    database = new Database(dataSource);
    clock = new DatabaseClock(database);
    later = 0;
    jest.spyOn(clock, 'now').mockImplementation(() => Date.now() + later);
    storage = new LocalFileStorage({
      folder: path.join(folder, 'images'),
      publicUrl: () => 'http://a.example',
      abandonedAfterMs: 0,
    });
    files = new Files(database, clock, storage, new FileRows(database, clock));
    sweeper = new FileSweeper(database, clock, storage, new SweepLock(database, dataSource), files);
    const request = { id: 'r', status: 'Pending', fileName: 'a.csv', layout: '{}', options: '{}' } as const;
    const row = { ...request, productCount: 1, imageCount: 1, createdAt: 1 };
    requestKey = (await dataSource.manager.insert(RequestEntity, row)).identifiers[0].key;
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  const store = (key = KEY) => {
    const file: NewFile = { key, ownerKey: 1, kind: 'output', bytes: 4, contentType: 'image/jpeg' };
    return files.store(file, Buffer.from('data'));
  };

  /** @returns false where there is no such file to refer to */
  const refer = (imageNumber: number, key = KEY) =>
    database.transaction(async (manager) => {
      if (!(await files.lock(manager, [key])).has(key)) return false;
      const picture = { bytes: 4, format: 'jpeg', width: 1, height: 1, milliseconds: 0 };
      await manager.insert(OutputEntity, {
        requestKey,
        imageNumber,
        name: 'image',
        fileKey: key,
        ...picture,
      });
      return true;
    });

  const drop = (imageNumber: number, key = KEY) =>
    database.transaction(async (manager) => {
      await manager.delete(OutputEntity, { requestKey, imageNumber });
      await files.release(manager, [key]);
    });

  const rows = () => dataSource.manager.find(FileEntity, { order: { key: 'ASC' } });

  async function expectGone(): Promise<void> {
    expect(await rows()).toEqual([]);
    expect(await storage.head(KEY)).toBeNull();
  }

  async function expectThere(): Promise<void> {
    expect((await rows()).map(({ key, state }) => [key, state])).toEqual([[KEY, 'live']]);
    expect(await storage.head(KEY)).toEqual({ bytes: 4, contentType: 'image/jpeg' });
  }

  it('are found by key and kind once they are stored', async () => {
    expect(await files.find(KEY, 'output')).toBeNull();
    await store();

    expect(await files.find(KEY, 'output')).toEqual({ key: KEY, bytes: 4, contentType: 'image/jpeg' });
    expect(await files.find(KEY, 'upload')).toBeNull();
    expect(await files.find(KEY.replace('jpg', 'png'), 'output')).toBeNull();
  });

  it('have their row before they are put, and keep it where that fails', async () => {
    const states: unknown[] = [];
    const put = jest.spyOn(storage, 'put').mockImplementation(async () => {
      states.push(...(await rows()).map(({ key, state }) => [key, state]));
      throw new Error('on purpose');
    });

    await expect(store()).rejects.toThrow('on purpose');
    put.mockRestore();

    expect(states).toEqual([[KEY, 'live']]);
    later = HOUR + 1;
    expect(await sweeper.sweep()).toBe(1);
    await expectGone();
  });

  it('are written down together where many come at once', async () => {
    const statements = jest.spyOn(dataSource.manager, 'query');
    const keys = Array.from({ length: 60 }, (_, index) => KEY.replace('0011', `00${index + 10}`));
    await Promise.all([...keys, ...keys].map((key) => store(key)));

    expect(await rows()).toHaveLength(60);
    expect(statements.mock.calls.length).toBeLessThanOrEqual(4);
  });

  it('are deleted an hour after they were stored, and an hour after the last reference went', async () => {
    await store();
    expect(await refer(1)).toBe(true);
    expect(await refer(2)).toBe(true);
    later += HOUR + 1;
    expect(await sweeper.sweep()).toBe(0); // it has references
    await drop(1);
    later += HOUR + 1;
    expect(await sweeper.sweep()).toBe(0); // it has another
    await drop(2);
    later += HOUR - 1000;
    expect(await sweeper.sweep()).toBe(0); // it may get one
    await expectThere();

    later += 2000;
    expect(await sweeper.sweep()).toBe(1);
    await expectGone();
    expect(await refer(3)).toBe(false);
  });

  it('stay where they are stored, or referred to, again within the hour', async () => {
    await store();
    later += HOUR - 1000;
    await store();
    later += 2000;
    expect(await sweeper.sweep()).toBe(0);
    expect(await refer(1)).toBe(true);
    await drop(1);
    expect(await refer(2)).toBe(true);
    later += HOUR + 1;
    expect(await sweeper.sweep()).toBe(0);
    await expectThere();
  });

  it('that are uploads stay as long as their request has them', async () => {
    const upload = {
      key: 'uploads/a.gz',
      ownerKey: 1,
      kind: 'upload',
      bytes: 4,
      contentType: 'application/gzip',
    } as const;
    await files.store(upload, Buffer.from('data'));
    await dataSource.manager.update(RequestEntity, { key: requestKey }, { uploadKey: upload.key });
    later += HOUR + 1;
    expect(await sweeper.sweep()).toBe(0);

    await dataSource.manager.delete(RequestEntity, { key: requestKey });
    await database.transaction((manager) => files.release(manager, [upload.key]));
    later += HOUR + 1;
    expect(await sweeper.sweep()).toBe(1);
  });

  it('are deleted by the next sweep where one was killed in the middle, and stored anew only then', async () => {
    await store();
    later += HOUR + 1;
    const failing = jest.spyOn(storage, 'deleteMany').mockRejectedValue(new Error('killed'));
    await expect(sweeper.sweep()).rejects.toThrow('killed');
    failing.mockRestore();
    expect(await refer(1)).toBe(false);
    expect(await files.find(KEY, 'output')).toBeNull();

    const put = jest.spyOn(storage, 'put');
    const stored = store();
    await new Promise((resolve) => setTimeout(resolve)); // it has looked, and waits
    expect(put).not.toHaveBeenCalled();
    expect(await sweeper.sweep()).toBe(1);
    await stored;

    expect(await refer(1)).toBe(true);
    await expectThere();
  });
});
