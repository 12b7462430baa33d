import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { MysqlQueryRunner } from 'typeorm/driver/mysql/MysqlQueryRunner.js';
import { RequestEvents } from '../../src/requests/request-events.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const IMAGES = 2_000;
const PICTURES = 40;
/** What one statement an image makes at 200 images a second; a slower machine waits as long between its batches, and has fewer images in each. */
const STATEMENTS_A_SECOND = 200;

describeOnEachEngine('the statements of a request', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  const statements = new Map<string, number>();

  beforeAll(async () => {
    for (const { prototype } of [BetterSqlite3QueryRunner, MysqlQueryRunner]) {
      const query = prototype.query as (...parameters: unknown[]) => Promise<unknown>;
      jest.spyOn(prototype, 'query').mockImplementation(function (this: unknown, ...parameters: unknown[]) {
        const kind = String(parameters[0]).trim().replace(/\s+/g, ' ').slice(0, 60);
        statements.set(kind, (statements.get(kind) ?? 0) + 1);
        return query.apply(this, parameters);
      } as typeof prototype.query);
    }
    installation = await engine.install();
    app = await startApp(installation, { DOWNLOADS_PER_HOST: '128' });
    const pictures = await Promise.all(Array.from({ length: PICTURES }, (_, seed) => photo(60, 40, seed)));
    origin = await serveImages(
      Object.fromEntries(pictures.map((picture, index) => [`/${index}.jpg`, picture])),
    );
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
    jest.restoreAllMocks();
  });

  it('are at most one an image where 200 images a second are done, its cache, its output and its events counted', async () => {
    const urls = Array.from({ length: IMAGES }, (_, image) =>
      origin.url(`/${image % PICTURES}.jpg?${image}`),
    );
    const rows = Array.from({ length: IMAGES / 100 }, (_, row): [string, string[]] => [
      'Mug',
      urls.slice(row * 100, row * 100 + 100),
    ]);
    const completed = jest.spyOn(app.nest.get(RequestEvents), 'completed');
    await app.client.accepted(csvOf(rows));
    statements.clear();
    const began = Date.now();

    await until(() => completed.mock.calls.length > 0); // whoever asks for the status asks the database
    await completed.mock.results[0].value;

    const seconds = (Date.now() - began) / 1_000;
    const total = [...statements.values()].reduce((sum, count) => sum + count, 0);
    if (process.env.TEST_LOG) {
      console.log(`${total} statements, ${Math.round(IMAGES / seconds)} images/s`);
      console.log([...statements].sort(([, a], [, b]) => b - a).slice(0, 25));
    }
    expect(total).toBeLessThanOrEqual(Math.max(IMAGES, STATEMENTS_A_SECOND * seconds));
  });
});
