import type { EntityManager } from 'typeorm';
import { dayOf, openDay } from '../access/quotas.js';
import { execute } from '../database/database.js';

interface Ended {
  ownerKey: number;
  run: number;
  images: number;
  inputBytes: number;
  outputBytes: number;
}

/** What was not counted at the end of an earlier run. */
const ENDED = `
  SELECT owner_key AS ownerKey, run, done_count - usage_images AS images, input_bytes - usage_input_bytes AS inputBytes,
    output_bytes - usage_output_bytes AS outputBytes
  FROM requests WHERE request_key = ?`;

const COUNT = `
  UPDATE usage_days SET requests = requests + ?, images = images + ?, input_bytes = input_bytes + ?,
    output_bytes = output_bytes + ?
  WHERE owner_key = ? AND day = ?`;

const COUNTED = `
  UPDATE requests SET usage_images = done_count, usage_input_bytes = input_bytes, usage_output_bytes = output_bytes
  WHERE request_key = ?`;

/**
 * Adds what a request took to the usage of its owner's day, in the transaction that ends it and has locked it. After another run
 * only what that run added. It stays when the request is deleted.
 */
export async function recordUsage(manager: EntityManager, requestKey: number, now: number): Promise<void> {
  const [ended] = await manager.query<Ended[]>(ENDED, [requestKey]);
  const { ownerKey, run, images, inputBytes, outputBytes } = ended;
  const day = dayOf(now);
  await openDay(manager, ownerKey, day);
  const counts = [run === 1 ? 1 : 0, images, inputBytes, outputBytes].map(Number);
  await execute(manager, COUNT, [...counts, ownerKey, day]);
  await execute(manager, COUNTED, [requestKey]);
}
