import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CopiedPart, type OldImage } from './portable/copied-part.js';
import { type Position, Progress } from './portable/progress.js';
import { integer, makeTable } from './portable/schema.js';

/** Images of a part: a second or two on a server, and what a killed migration does again. */
const IMAGES_AT_ONCE = 10_000;

const NAME = 'fill-data-model';

const REST_OF_REQUEST = `
  SELECT request_key AS requestKey, number, input_url AS inputUrl, status FROM images
  WHERE request_key = ? AND number > ? ORDER BY request_key, number LIMIT ?`;
const NEXT_REQUESTS = `
  SELECT request_key AS requestKey, number, input_url AS inputUrl, status FROM images
  WHERE request_key > ? ORDER BY request_key, number LIMIT ?`;

/**
 * Gives the rows of earlier versions what `CreateDataModel` added: images their host and the order in which they were
 * settled, done images a row of `outputs`, their files a row of `files`. A part at a time, each in a transaction of its
 * own with a note of how far it came: killed in the middle, it goes on from there. Nothing is taken away, so that the
 * earlier version can be started again; the columns that it needs go a release later.
 */
export class FillDataModel1767225760000 implements MigrationInterface {
  /** TypeORM would put all parts into one. */
  transaction = false as const;

  async up(runner: QueryRunner): Promise<void> {
    const images = await countOf(runner, 'images');
    if (images > 0) await this.fillImages(runner, images);
    await fillRequests(runner);
  }

  /** The tables and columns go by `CreateDataModel`. */
  async down(): Promise<void> {}

  private async fillImages(runner: QueryRunner, total: number): Promise<void> {
    await makeTable(runner, {
      name: 'migration_hosts',
      columns: [
        integer('request_key', { isPrimary: true }),
        integer('number', { isPrimary: true }),
        integer('host'),
      ],
    });
    const progress = await Progress.of(runner, NAME, total, 'images');
    let part = new CopiedPart(runner, []);
    for (let images = await next(runner, progress.at); images.length > 0;) {
      part = new CopiedPart(runner, images, part);
      await part.readHosts();
      await runner.startTransaction();
      try {
        await part.copy();
        await progress.note(images[images.length - 1], images.length);
        await runner.commitTransaction();
      } catch (error) {
        await runner.rollbackTransaction();
        throw error;
      }
      progress.log();
      images = await next(runner, progress.at);
    }
    await progress.end();
    await runner.dropTable('migration_hosts', true);
  }
}

async function next(runner: QueryRunner, { requestKey, number }: Position): Promise<OldImage[]> {
  const rest: OldImage[] = await runner.query(REST_OF_REQUEST, [requestKey, number, IMAGES_AT_ONCE]);
  const room = IMAGES_AT_ONCE - rest.length;
  return room === 0 ? rest : [...rest, ...(await runner.query(NEXT_REQUESTS, [requestKey, room]))];
}

/** A statement each, which changes nothing when it is run again. */
async function fillRequests(runner: QueryRunner): Promise<void> {
  // Images that were settled before have their own numbers; those that come are counted from the last one on.
  await runner.query('UPDATE requests SET settled_no = image_count WHERE settled_no = 0');
  // Nobody noted when one of an open request's images was last settled: it has its whole time from now on.
  await runner.query('UPDATE requests SET moved_at = COALESCE(completed_at, ?) WHERE moved_at = 0', [
    Date.now(),
  ]);
  await runner.query(`
    INSERT INTO idempotency_keys (owner_key, idempotency_key, request_key, digest)
    SELECT 1, idempotency_key, request_key, idempotency_digest FROM requests
    WHERE idempotency_key IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM idempotency_keys taken WHERE taken.request_key = requests.request_key)`);
}

async function countOf(runner: QueryRunner, table: string): Promise<number> {
  const [{ count }] = await runner.query(`SELECT COUNT(*) AS count FROM ${table}`);
  return Number(count);
}
