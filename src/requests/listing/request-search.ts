import { setImmediate } from 'node:timers/promises';
import type { SelectQueryBuilder } from 'typeorm';
import type { RequestEntity } from '../../database/entities/request.entity.js';

/** Where a page ended: the time and the key of its last request. */
export interface Position {
  createdAt: number;
  key: number;
}

/** Requests that one call looks through: some tenths of a second. */
const MAX_SEARCHED = 10_000;

/** Requests that are read at once: with labels as long as they may be, some megabytes. */
const SEARCHED_AT_ONCE = 500;

/** What can be searched of a request. */
type Searched = Pick<RequestEntity, 'key' | 'createdAt' | 'name' | 'fileName' | 'labels'>;

/** The keys of requests that a search found, and where it stopped before the end of the list; null at the end. */
export interface Found {
  keys: number[];
  stoppedAt: Position | null;
}

/**
 * Looks through requests, newest first, until there are `limit` that have all words of `text`, at most {@link MAX_SEARCHED}.
 * They are compared here and not by LIKE, so that letters of all languages are told apart alike on both kinds of database.
 * @param requestsAfter a new query of those that may be found, in their order, behind a position
 */
export async function searchRequests(
  requestsAfter: (position: Position | null) => SelectQueryBuilder<RequestEntity>,
  text: string,
  limit: number,
): Promise<Found> {
  const words = comparable(text).split(/\s+/).filter(Boolean);
  const keys: number[] = [];
  let position: Position | null = null;
  for (let searched = 0; searched < MAX_SEARCHED; searched += SEARCHED_AT_ONCE) {
    const read: Searched[] = await requestsAfter(position)
      .select(['key', 'createdAt', 'name', 'fileName', 'labels'].map((column) => `request.${column}`))
      .take(SEARCHED_AT_ONCE)
      .getMany();
    for (const request of read) {
      if (hasAll(request, words)) keys.push(request.key);
      if (keys.length === limit) return { keys, stoppedAt: request };
    }
    if (read.length < SEARCHED_AT_ONCE) return { keys, stoppedAt: null };
    position = read[read.length - 1];
    await setImmediate(); // reads of SQLite leave no turn to others
  }
  return { keys, stoppedAt: position };
}

function hasAll({ name, fileName, labels }: Searched, words: string[]): boolean {
  const pairs = labels ? Object.entries(JSON.parse(labels) as Record<string, string>).flat() : [];
  const text = comparable([name ?? '', fileName, ...pairs].join('\n'));
  return words.every((word) => text.includes(word));
}

/** Accents that are written apart count as those that are not. */
const comparable = (text: string): string => text.normalize('NFC').toLowerCase();
