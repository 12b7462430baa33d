import type { EntityManager } from 'typeorm';
import { execute } from '../../database/database.js';
import { byPrimaryKey } from '../../database/statements/locking.js';
import { hostNameOf, MAX_HOSTS, OTHER_HOSTS } from '../../requests/intake/host-numbers.js';

/** An image that gets another URL. */
interface Moved {
  number: number;
  host: number;
}

/**
 * Gives failed images of a request other URLs, and with them those that had the same one; what the file says of them is kept. The request is locked, and is not worked on.
 * @param urls by the number of the image, or of a repeat of it
 */
export async function replaceUrls(
  manager: EntityManager,
  requestKey: number,
  urls: Map<number, string>,
): Promise<void> {
  for (const [number, url] of urls) {
    const images = await failedWithTheUrlOf(manager, requestKey, number);
    if (images.length === 0) continue;
    const host = await moveToHostOf(
      manager,
      requestKey,
      images.map((image) => image.host),
      url,
    );
    const places = images.map(() => '?').join(', ');
    await execute(
      manager,
      `UPDATE ${byPrimaryKey(manager, 'images')}
       SET file_url = COALESCE(file_url, input_url), input_url = ?, host = ?
       WHERE request_key = ? AND number IN (${places})`,
      [url, host, requestKey, ...images.map((image) => image.number)],
    );
  }
}

/**
 * Counts images of a request for the host of another URL. The request is locked.
 * @param from the numbers of their hosts, each as often as there are such images
 * @returns the number of the host
 */
export async function moveToHostOf(
  manager: EntityManager,
  requestKey: number,
  from: number[],
  url: string,
): Promise<number> {
  const to = await hostFor(manager, requestKey, hostNameOf(url));
  for (const host of from) await move(manager, requestKey, host, to);
  return to;
}

async function failedWithTheUrlOf(
  manager: EntityManager,
  requestKey: number,
  number: number,
): Promise<Moved[]> {
  const [row] = await manager.query<{ first: number }[]>(
    'SELECT COALESCE(same_as, number) AS first FROM images WHERE request_key = ? AND number = ?',
    [requestKey, number],
  );
  if (!row) return [];
  return manager.query(
    `SELECT number, host FROM images
     WHERE request_key = ? AND (number = ? OR same_as = ?) AND status = 'failed' ORDER BY number`,
    [requestKey, row.first, row.first],
  );
}

/** The number of a host in the request; a new one gets the next. */
async function hostFor(manager: EntityManager, requestKey: number, name: string): Promise<number> {
  const find = async (host: string): Promise<number | undefined> => {
    const statement = 'SELECT number FROM request_hosts WHERE request_key = ? AND host = ? LIMIT 1';
    const [row] = await manager.query<{ number: number }[]>(statement, [requestKey, host]);
    return row?.number;
  };
  const known = await find(name);
  if (known !== undefined) return known;
  const [{ last }] = await manager.query<[{ last: number | null }]>(
    'SELECT MAX(number) AS last FROM request_hosts WHERE request_key = ?',
    [requestKey],
  );
  const isFull = (last ?? 0) >= MAX_HOSTS;
  const others = isFull ? await find(OTHER_HOSTS) : undefined;
  if (others !== undefined) return others;
  const number = (last ?? 0) + 1;
  await manager.query(
    'INSERT INTO request_hosts (request_key, number, host, image_count, open_count) VALUES (?, ?, ?, 0, 0)',
    [requestKey, number, isFull ? OTHER_HOSTS : name],
  );
  return number;
}

async function move(manager: EntityManager, requestKey: number, from: number, to: number): Promise<void> {
  if (from === to) return;
  const hosts = byPrimaryKey(manager, 'request_hosts');
  await execute(
    manager,
    `UPDATE ${hosts} SET image_count = image_count + CASE WHEN number = ? THEN 1 ELSE -1 END
     WHERE request_key = ? AND number IN (?, ?)`,
    [to, requestKey, from, to],
  );
}
