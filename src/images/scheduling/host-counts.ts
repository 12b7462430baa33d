import type { EntityManager } from 'typeorm';
import { execute } from '../../database/database.js';
import { byPrimaryKey, caseOf, isServer, rowsOf } from '../../database/statements/locking.js';

/** A host of a request, by their numbers. */
export interface RequestHost {
  requestKey: number;
  host: number;
}

/**
 * Locks hosts of requests. Who claims images of a host, settles or adds some, does this before locking the images:
 * so these wait for each other here and nowhere else.
 */
export async function lockHosts(manager: EntityManager, hosts: RequestHost[]): Promise<void> {
  if (!isServer(manager)) return; // a transaction has the database to itself
  const { sql, parameters } = rowsOf('number', byRequest(hosts));
  const table = byPrimaryKey(manager, 'request_hosts');
  await manager.query(
    `SELECT number FROM ${table} WHERE ${sql} ORDER BY request_key, number FOR UPDATE`,
    parameters,
  );
}

/** Changes the numbers of open images, for each of `images` by `by`. */
export async function addToOpen(manager: EntityManager, images: RequestHost[], by: 1 | -1): Promise<void> {
  if (images.length === 0) return;
  const changes = new Map<string, [keys: number[], change: number]>();
  for (const { requestKey, host } of images) {
    const name = `${requestKey}-${host}`;
    const [, change] = changes.get(name) ?? [[], 0];
    changes.set(name, [[requestKey, host], change + by]);
  }
  const change = caseOf('request_key = ? AND number = ?', [...changes.values()]);
  const { sql, parameters } = rowsOf('number', byRequest(images));
  await execute(
    manager,
    `UPDATE ${byPrimaryKey(manager, 'request_hosts')} SET open_count = open_count + ${change.sql} WHERE ${sql}`,
    [...change.parameters, ...parameters],
  );
}

function byRequest(hosts: RequestHost[]): Map<number, number[]> {
  return groupBy(
    hosts,
    ({ requestKey }) => requestKey,
    ({ host }) => host,
  );
}

/** What `valueOf` gives for each item, by what `keyOf` gives. */
export function groupBy<T, K, V>(items: T[], keyOf: (item: T) => K, valueOf: (item: T) => V): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(valueOf(item));
    else groups.set(keyOf(item), [valueOf(item)]);
  }
  return groups;
}
