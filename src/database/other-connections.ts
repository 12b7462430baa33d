import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { SettingsError } from '../errors/app-error.js';

/**
 * Seconds after which the server closes a connection that sends nothing, and undoes its open transaction: one of a process that
 * is frozen, or whose machine has lost its power or its network, would keep its locks for eight hours, and stop all others.
 */
export const SILENT_SECONDS = 30;

/** Looks at the connections of a server, until … */
const MAX_LOOKS = 20;
/** … those have gone that a process of this version has for a moment before it waits for the migration. */
const LOOK_AGAIN_MS = 250;

/** Of the same user, to this database; not those that wait for the lock of the migration. */
const OTHERS = `
  SELECT id, host, info FROM information_schema.processlist
  WHERE db = DATABASE() AND id <> CONNECTION_ID() AND user = SUBSTRING_INDEX(USER(), '@', 1)`;

interface Connection {
  id: number;
  host: string;
  info: string | null;
}

/**
 * Makes sure that nobody else uses a database whose rows are about to be changed: a process of an earlier version would
 * write rows without what the new columns hold. Looks for some seconds, so that one that is just ending may end.
 * @param runner holds the lock of the migration, and is the only connection of this process
 * @throws SettingsError that names the connections that stay
 */
export async function refuseOtherVersions(runner: QueryRunner): Promise<void> {
  if (!(await runner.hasTable('requests'))) return;
  let others: Connection[] = [];
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    others = await connectionsOfOthers(runner);
    if (others.length === 0) return;
    await sleep(LOOK_AGAIN_MS);
  }
  const list = others.map(({ id, host }) => `${id} from ${host}`).join(', ');
  throw new SettingsError(
    `The database has to be migrated, and other programs are connected to it (connection ${list}): stop every process of ` +
      'the earlier version, and start again.',
  );
}

async function connectionsOfOthers(runner: QueryRunner): Promise<Connection[]> {
  const found: Connection[] = await runner.query(OTHERS);
  return found.filter(({ info }) => !/GET_LOCK/.test(info ?? ''));
}
