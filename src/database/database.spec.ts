import libsql from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { Database } from './database.js';

describe('the embedded database', () => {
  let folder: string;
  let dataSource: DataSource;
  let database: Database;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'database-'));
    const file = path.join(folder, 'database.sqlite');
    dataSource = new DataSource({ type: 'better-sqlite3', driver: libsql, database: file, enableWAL: true });
    await dataSource.initialize();
    await dataSource.query('CREATE TABLE words (word TEXT PRIMARY KEY)');
    database = new Database(dataSource);
  });
  afterEach(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  const add = (word: string, options = {}) =>
    database.transaction((manager) => manager.query('INSERT INTO words VALUES (?)', [word]), options);

  /** What another process would see: only what has really been committed. */
  function committed(): string[] {
    const other = new libsql(path.join(folder, 'database.sqlite'));
    const words = other.prepare('SELECT word FROM words ORDER BY word').all() as { word: string }[];
    other.close();
    return words.map(({ word }) => word);
  }

  it('rolls back what fails, and goes on', async () => {
    await add('a');
    const failing = database.transaction(async (manager) => {
      await manager.query("INSERT INTO words VALUES ('b')");
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    await add('c');

    expect(committed()).toEqual(['a', 'c']);
  });

  it('really commits after transactions that SQLite itself has ended', async () => {
    await add('a');
    for (let times = 0; times < 3; times++) {
      // As on a full disk: SQLite rolls the whole transaction back, and nobody else's ROLLBACK finds one.
      const ended = database.transaction((manager) =>
        manager.query("INSERT OR ROLLBACK INTO words VALUES ('a')"),
      );
      await expect(ended).rejects.toThrow('UNIQUE');
      await expect(add('a')).rejects.toThrow('UNIQUE');
    }

    await add('b');
    await add('c', { durable: true });
    await database.write((manager) => manager.query("INSERT INTO words VALUES ('d')"));

    expect(committed()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps a write out of the transaction of another', async () => {
    const failing = database.transaction(async (manager) => {
      await manager.query("INSERT INTO words VALUES ('theirs')");
      await manager.query('SELECT 1');
      throw new Error('on purpose');
    });
    const ours = database.write((manager) => manager.query("INSERT INTO words VALUES ('ours')"));

    await expect(failing).rejects.toThrow();
    await ours;

    expect(committed()).toEqual(['ours']);
  });

  it('runs twenty transactions that begin at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, word) => add(String(word))));

    expect(committed()).toHaveLength(20);
  });

  describe('given very many rows', () => {
    afterEach(() => database.onApplicationShutdown());

    const rows = (letter: string, count = 1_000) =>
      Array.from({ length: count }, (_, number) => [`${letter}${number}`]);
    const insert = (...letters: string[]) =>
      database.insertMany(
        letters.map((letter) => ({ table: 'words', columns: ['word'], rows: rows(letter), constants: {} })),
      );

    it('inserts them in the turn of writing, and lets others run meanwhile', async () => {
      const order: string[] = [];
      const note = (name: string) => () => void order.push(name);
      await Promise.all([
        insert('a').then(note('a')),
        add('b').then(note('b')),
        insert('c', 'd').then(note('c and d')),
        database.manager.query('SELECT 1').then(note('a reader')),
      ]);

      expect(order).toEqual(['a reader', 'a', 'b', 'c and d']);
      expect(committed()).toHaveLength(3_001);
    });

    it('inserts all of them or none, and goes on', async () => {
      await add('b7');

      await expect(insert('a', 'b')).rejects.toMatchObject({
        code: expect.stringMatching(/^SQLITE_CONSTRAINT/),
      });

      expect(committed()).toEqual(['b7']);
      await insert('a');
      await add('c');
      expect(committed()).toHaveLength(1_002);
    });

    it('begins again after its thread has ended', async () => {
      await insert('a');
      await database.onApplicationShutdown();
      await insert('b');

      expect(committed()).toHaveLength(2_000);
    });
  });
});
