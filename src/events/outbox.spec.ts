import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DataSource, EntityManager } from 'typeorm';
import { readSettings } from '../config/settings.js';
import { dataSourceOptions, openDataSource } from '../database/data-source.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { EventEntity } from '../database/entities/event.entity.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import type { EventReader, RecordedEvents } from './event-reader.js';
import type { EventType } from './event-types.js';
import { Outbox, WHOLE_REQUEST } from './outbox.js';

describe('the outbox', () => {
  let folder: string;
  let dataSource: DataSource;
  let database: Database;
  let outbox: Outbox;
  let requestKey: number;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'outbox-'));
    const options = dataSourceOptions(readSettings({ DATA_DIR: folder }));
    dataSource = await openDataSource({ ...options, migrationsRun: true });
    database = new Database(dataSource);
    outbox = new Outbox(new DatabaseClock(database));
    const request = { id: 'r', status: 'Pending', fileName: 'a.csv', layout: '{}', options: '{}' } as const;
    const row = { ...request, productCount: 1, imageCount: 1, createdAt: 1 };
    requestKey = (await dataSource.manager.insert(RequestEntity, row)).identifiers[0].key;
  });
  afterEach(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  const composed: number[][] = [];
  function record(manager: EntityManager, type: EventType, imageNumbers: number[]): Promise<void> {
    return outbox.record(manager, { type, requestKey, imageNumbers }, async (numbers) => {
      composed.push(numbers);
      return numbers.map((imageNumber) => ({ imageNumber, requestId: 'r', data: { imageNumber } }));
    });
  }

  const recorded = async () => {
    const events = await dataSource.manager.find(EventEntity, { order: { key: 'ASC' } });
    return events.map(({ type, imageNumber }) => [type, imageNumber]);
  };

  function reader(wants: boolean): EventReader & { taken: RecordedEvents[] } {
    const taken: RecordedEvents[] = [];
    return {
      taken,
      wants: async () => wants,
      take: async (_manager, events) => void taken.push(events),
    };
  }

  it('records the same event once in each run of its request', async () => {
    const complete = () =>
      database.transaction((manager) => record(manager, 'request.completed', [WHOLE_REQUEST]));
    await complete();
    await complete();
    await dataSource.manager.update(RequestEntity, { key: requestKey }, { run: 2 });
    await complete();
    await complete();

    const events = await dataSource.manager.find(EventEntity, { order: { key: 'ASC' } });
    expect(events.map(({ run }) => run)).toEqual([1, 2]);
  });

  it('records the events of requests without a reader, and those of images for none', async () => {
    await database.transaction(async (manager) => {
      await record(manager, 'request.completed', [WHOLE_REQUEST]);
      await record(manager, 'image.failed', [1, 2]);
    });

    expect(await recorded()).toEqual([['request.completed', 0]]);
    const [{ body }] = await dataSource.manager.find(EventEntity);
    expect(JSON.parse(body)).toEqual({
      type: 'request.completed',
      timestamp: expect.stringMatching(/Z$/),
      data: { imageNumber: 0 },
    });
  });

  it('records each event once, and composes only what it records', async () => {
    outbox.addReader(reader(true));
    composed.length = 0;

    await database.transaction((manager) => record(manager, 'image.failed', [1, 2]));
    await database.transaction((manager) => record(manager, 'image.failed', [2, 3]));

    expect(await recorded()).toEqual([1, 2, 3].map((number) => ['image.failed', number]));
    expect(composed).toEqual([[1, 2], [3]]);
  });

  it('gives every reader the keys of the events, where one of them wants those of images', async () => {
    const readers = [reader(false), reader(true)];
    readers.forEach((each) => outbox.addReader(each));

    await database.transaction((manager) => record(manager, 'image.failed', [1, 2]));

    const events = await dataSource.manager.find(EventEntity, { order: { key: 'ASC' } });
    const keys = events.map(({ key }) => key);
    for (const { taken } of readers)
      expect(taken).toEqual([{ type: 'image.failed', requestKey, eventKeys: keys }]);
  });

  it('keeps nothing of an event whose transaction is rolled back, nor of what a reader wrote with it', async () => {
    const write = async (manager: EntityManager) =>
      void (await manager.update(RequestEntity, { key: requestKey }, { id: 'x' }));
    outbox.addReader({ wants: async () => true, take: write });

    const failing = database.transaction(async (manager) => {
      await record(manager, 'request.processing', [WHOLE_REQUEST]);
      throw new Error('on purpose');
    });

    await expect(failing).rejects.toThrow('on purpose');
    expect(await recorded()).toEqual([]);
    expect(await dataSource.manager.countBy(RequestEntity, { id: 'r' })).toBe(1);
  });

  it('passes on many events of one call in statements that every server takes', async () => {
    const all = reader(true);
    outbox.addReader(all);

    await database.transaction((manager) =>
      record(
        manager,
        'image.failed',
        Array.from({ length: 250 }, (_, at) => at + 1),
      ),
    );

    expect(all.taken.map(({ eventKeys }) => eventKeys.length)).toEqual([100, 100, 50]);
    expect(await recorded()).toHaveLength(250);
  });
});
