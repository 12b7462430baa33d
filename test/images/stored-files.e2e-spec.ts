import { DatabaseClock } from '../../src/database/database-clock.js';
import { Database } from '../../src/database/database.js';
import { FileEntity } from '../../src/database/entities/file.entity.js';
import { OutputEntity } from '../../src/database/entities/output.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { Files } from '../../src/stored-files/files.js';
import { FileSweeper } from '../../src/stored-files/file-sweeper.js';
import type { Installation } from '../helpers/app/engines.js';
import { describeOnEachStorage } from '../helpers/app/storages.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

const HOUR = 3_600_000;
const ROUNDS = 25;
const STEPS_AT_ONCE = 8;

describeOnEachStorage('stored files', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let requestKey: number;
  let later = 0;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const clock = app.nest.get(DatabaseClock);
    const now = clock.now.bind(clock);
    jest.spyOn(clock, 'now').mockImplementation(() => now() + later);
    const request = { id: 'r', status: 'Completed', fileName: 'a.csv', layout: '{}', options: '{}' } as const;
    const row = { ...request, productCount: 1, imageCount: 1, createdAt: 1 };
    const { manager } = app.nest.get(Database);
    requestKey = (await manager.insert(RequestEntity, row)).identifiers[0].key;
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await app.close();
    await installation.remove();
  });

  function store(key: string): Promise<void> {
    const file = { key, ownerKey: 1, kind: 'output', bytes: 4, contentType: 'image/jpeg' } as const;
    return app.nest.get(Files).store(file, Buffer.from('data'));
  }

  /** @returns false where there is no such file to refer to */
  function refer(imageNumber: number, key: string): Promise<boolean> {
    return app.nest.get(Database).transaction(async (manager) => {
      if (!(await app.nest.get(Files).lock(manager, [key])).has(key)) return false;
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
  }

  function drop(imageNumber: number, key: string): Promise<void> {
    return app.nest.get(Database).transaction(async (manager) => {
      await manager.delete(OutputEntity, { requestKey, imageNumber });
      await app.nest.get(Files).release(manager, [key]);
    });
  }

  it('are never missing, nor left over, however storing, referring, dropping and sweeping come after each other', async () => {
    const storage = app.nest.get(FileStorage);
    const sweeper = app.nest.get(FileSweeper);
    const keys = [1, 2, 3, 4].map((number) => `${String(number).repeat(32)}/image.jpg`);
    const references = new Map<number, string>();
    let random = 7;
    const draw = (below: number) => (random = (random * 48_271) % 2_147_483_647) % below;
    let images = 0;
    let swept = 0;

    const step = async (): Promise<void> => {
      const key = keys[draw(keys.length)];
      const number = ++images;
      const used = [...references];
      const action = draw(5);
      if (action === 0) await store(key);
      if (action === 1 && (await refer(number, key))) references.set(number, key);
      if (action >= 2 && action < 4 && used.length > 0) {
        const [dropped, its] = used[draw(used.length)];
        references.delete(dropped);
        await drop(dropped, its);
      }
      if (action === 4) swept += await sweeper.sweep();
    };
    for (let round = 0; round < ROUNDS; round++) {
      later += HOUR + 1; // what was stored in the rounds before may be swept in this one, and what is stored in it may not
      await Promise.all(Array.from({ length: STEPS_AT_ONCE }, step));
      for (const key of references.values()) expect(await storage.head(key)).not.toBeNull();
    }
    later += HOUR + 1;
    swept += await sweeper.sweep();

    const used = [...new Set(references.values())].sort();
    const rows = await app.nest.get(Database).manager.find(FileEntity, { order: { key: 'ASC' } });
    expect(rows.map(({ key, state }) => [key, state])).toEqual(used.map((key) => [key, 'live']));
    expect(await keysIn(storage)).toEqual(used);
    expect(swept).toBeGreaterThan(0);
  });
});

/** A list of a bucket may have what was deleted a moment ago: asked for its head it is gone. */
async function keysIn(storage: FileStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list()) if (await storage.head(key)) keys.push(key);
  return keys.sort();
}
