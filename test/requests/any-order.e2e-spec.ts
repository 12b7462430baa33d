import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { propertyRuns } from '../helpers/property-runs.js';
import { freePort, Service } from '../helpers/app/service.js';
import { until } from '../helpers/wait.js';
import { MAIN } from '../helpers/paths.js';

const RUNS = propertyRuns(3, { isApart: true });
/** Timers count to 2^31 ms; `npm run fuzz` asks for more runs than fit. */
const TIMEOUT_MS = Math.min(600_000 + RUNS * 60_000, 2 ** 31 - 1);

/** Images of a request by what becomes of them; a number that comes again is a repeat. */
const images = fc.array(
  fc.record({ kind: fc.constantFrom('good', 'good', 'gone', 'refused', 'slow'), number: fc.nat(5) }),
  { minLength: 1, maxLength: 12 },
);
/** What is asked for when an image is made anew. */
const REDOS = {
  'redo worse': { quality: '20' },
  'redo from elsewhere': { url: '/good-5.jpg' },
  'redo the original': { original: true },
  'undo redo': { undo: true },
};
/** Which of the requests so far, the latest ones first. */
const which = fc.nat(4);
const call = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant('upload' as const), images, key: fc.option(fc.nat(2)) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      is: fc.constantFrom('cancel', 'retry', 'retry some', 'delete', 'rerun', 'fresh rerun', 'read'),
      which,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constantFrom(...(Object.keys(REDOS) as (keyof typeof REDOS)[])),
      which,
      number: fc.integer({ min: 1, max: 4 }),
    }),
  },
);
/** Calls that are made at once; after some of them the process is killed in the middle. */
const step = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 40, size: RUNS > 3 ? 'max' : 'small' }),
  isKilled: fc.constantFrom(false, false, false, false, true),
});

const READS = [
  '',
  '/images',
  '/images?status=cancelled',
  '/hosts',
  '/output.csv',
  '/errors.csv',
  '/renditions.csv',
  '/webhooks',
];

const WORK = `
  SELECT id FROM requests WHERE completed_at IS NULL OR status IN ('Retrying', 'Deleting')
  UNION ALL SELECT wish FROM redos WHERE state IN ('pending', 'processing')`;

describeOnEachEngine('requests, whatever is done with them in whatever order', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let service: Service;
  let environment: Record<string, string>;
  let ids: string[] = [];
  let calls = 0;
  let log = '';

  beforeAll(async () => {
    installation = await engine.install();
    const pictures = await Promise.all([0, 1, 2, 3, 4, 5].map((seed) => photo(48, 32, seed)));
    origin = await serveImages(
      Object.fromEntries(
        pictures.flatMap((picture, number) => [
          [`/good-${number}.jpg`, picture],
          [
            `/slow-${number}.jpg`,
            (_: unknown, response) => void setTimeout(() => response.end(picture), 150),
          ],
        ]),
      ),
    );
    environment = {
      ...installation.environment,
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '1',
      DOWNLOADS_PER_HOST: '4',
      PORT: String(await freePort()),
    };
    service = await Service.start(environment);
  });
  afterAll(async () => {
    await service.stop();
    await origin.close();
    await installation.remove();
  });

  const restart = async () => {
    log += service.log;
    await service.kill();
    service = await Service.start(environment);
  };

  /** @returns the answer; null where the process was killed meanwhile */
  async function make(given: CallOf<typeof call>): Promise<Response | null> {
    calls++;
    try {
      if (given.is === 'upload') return await upload(given as Upload);
      const url = `${service.client.url}/requests/${ids.at(-1 - (given as { which: number }).which) ?? 'none'}`;
      const json = (body: object) => ({
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      if (given.is === 'cancel') return await fetch(`${url}/cancel`, { method: 'POST' });
      if (given.is === 'retry') return await fetch(`${url}/retry`, { method: 'POST' });
      if (given.is === 'retry some') return await fetch(`${url}/retry`, json({ codes: ['HTTP_404'] }));
      if (given.is === 'delete') return await fetch(url, { method: 'DELETE' });
      if (given.is in REDOS) return await redo(url, given as Redo, json);
      if (given.is === 'read') return await fetch(url + READS[calls % READS.length]);
      const answer = await fetch(`${url}/rerun`, json({ quality: 30, fresh: given.is === 'fresh rerun' }));
      if (answer.status === 201) ids.push(answer.headers.get('location')!.split('/').at(-1)!);
      return answer;
    } catch {
      return null;
    }
  }

  async function redo(url: string, { is, number }: Redo, json: (body: object) => RequestInit) {
    const wish = is === 'redo from elsewhere' ? { url: origin.url(REDOS[is].url) } : REDOS[is];
    return fetch(`${url}/images/${number}/redo`, json(wish));
  }

  async function upload(given: Upload): Promise<Response> {
    const urls = given.images.map(({ kind, number }) =>
      kind === 'refused' ? `http://10.0.0.1/${number}.jpg` : origin.url(`/${kind}-${number}.jpg`),
    );
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', urls]])]), 'products.csv');
    if (urls.length % 2 === 0) form.append('sizes', '16, 24');
    if (urls.length % 3 === 0) form.append('keep_sources', '1');
    const headers: Record<string, string> =
      given.key === null ? {} : { 'idempotency-key': `key ${given.key}` };
    const answer = await fetch(`${service.client.url}/upload`, { method: 'POST', body: form, headers });
    if (answer.ok) ids.push(answer.headers.get('location')!.split('/').at(-1)!);
    return answer;
  }

  /** Nothing is open any more, nothing is being deleted or made anew. */
  const isQuiet = () =>
    withDatabase(installation, async (database) => {
      const rows = await database.query<unknown[]>(WORK);
      return rows.length === 0;
    });

  it(
    'are never answered with a 5xx, count what is there, and refer to files that are there',
    async () => {
      const tryOut = async (steps: { calls: CallOf<typeof call>[]; isKilled: boolean }[]) => {
        ids = [];
        for (const { calls: together, isKilled } of steps) {
          const answers = together.map(make);
          if (isKilled) await restart();
          for (const answer of await Promise.all(answers)) {
            if (answer === null) expect(isKilled).toBe(true);
            else {
              expect(answer.status).toBeLessThan(500);
              await answer.arrayBuffer().catch(() => expect(isKilled).toBe(true));
            }
          }
          await withDatabase(installation, async (database) => expect(await faultsOf(database)).toEqual({}));
        }
        await until(isQuiet);
        await withDatabase(installation, async (database) => expect(await faultsOf(database)).toEqual({}));
        const { items } = (await service.client.get('/requests?limit=100')).json;
        for (const { counts, is_final } of items) {
          const { pending, processing, done, failed, cancelled } = counts;
          expect([is_final, pending + processing]).toEqual([true, 0]);
          expect(done + failed + cancelled).toBe(counts.images);
        }
      };
      let last = Promise.resolve();
      const steps = fc.array(step, { minLength: 4, maxLength: 10 });
      const property = fc.asyncProperty(steps, (given) => (last = tryOut(given)));

      await fc.assert(property, { numRuns: RUNS });
      await last; // `npm run fuzz` stops in the middle of an example

      expect(log + service.log).not.toMatch(/unexpected|ERROR/);
      const verify = spawn(process.execPath, [MAIN, '--verify'], {
        env: { PATH: process.env.PATH, ...installation.environment },
        stdio: 'ignore',
      });
      expect(await once(verify, 'close')).toEqual([0, null]);
    },
    TIMEOUT_MS,
  );
});

type CallOf<T> = T extends fc.Arbitrary<infer Value> ? Value : never;
type Upload = Extract<CallOf<typeof call>, { images: unknown }>;
type Redo = Extract<CallOf<typeof call>, { is: keyof typeof REDOS }>;
