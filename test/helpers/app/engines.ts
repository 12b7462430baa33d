import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';

/** Environment variables of one installation of its own: nobody else's database, queue or files. */
export interface Installation {
  environment: Record<string, string>;
  remove(): Promise<void>;
}

export interface Engine {
  name: string;
  isShared: boolean;
  install(): Promise<Installation>;
}

const EMBEDDED: Engine = { name: 'SQLite, in-process queue', isShared: false, install: installEmbedded };
const SERVERS: Engine = { name: 'MySQL, Bull on Redis', isShared: true, install: installOnServers };

/** Runs the same tests on the embedded engines and on MySQL + Redis; the latter are skipped where there are none. */
export function describeOnEachEngine(title: string, tests: (engine: Engine) => void): void {
  describe(`${title} (${EMBEDDED.name})`, () => tests(EMBEDDED));
  describeOnServers(title, tests);
}

/** For what takes several processes. */
export function describeOnServers(title: string, tests: (engine: Engine) => void): void {
  const isThere = process.env.TEST_MYSQL_URL && process.env.TEST_REDIS_URL;
  (isThere ? describe : describe.skip)(`${title} (${SERVERS.name})`, () => tests(SERVERS));
}

async function installEmbedded(): Promise<Installation> {
  const folder = temporaryFolder();
  return {
    environment: { DATA_DIR: folder },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function installOnServers(): Promise<Installation> {
  const folder = temporaryFolder();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onMysql(`CREATE DATABASE ${name}`);
  const database = new URL(process.env.TEST_MYSQL_URL!);
  database.pathname = `/${name}`;
  return {
    environment: {
      DATA_DIR: folder,
      DATABASE_URL: database.href,
      REDIS_URL: process.env.TEST_REDIS_URL!,
      QUEUE_PREFIX: `{${name}}`,
      SECRET_KEY: randomBytes(32).toString('base64'),
    },
    remove: async () => {
      await onMysql(`DROP DATABASE ${name}`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function onMysql(statement: string): Promise<void> {
  const connection = await createConnection(process.env.TEST_MYSQL_URL!);
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'image-processing-data-'));
}
