import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp } from '../helpers/app/test-app.js';
import { GatedBucket } from '../helpers/servers/gated-bucket.js';
import { describeOnS3, type TestBucket } from '../helpers/servers/test-bucket.js';
import { until } from '../helpers/wait.js';
import { MAIN } from '../helpers/paths.js';

/** Images of a copy that is killed, and files that it has copied by then: more and fewer than are copied at once. */
const MANY = 20;
const COPIED_BEFORE = 5;

describeOnS3('npm run storage -- copy', (openBucket) => {
  let bucket: TestBucket;
  let origin: ImageOrigin;

  beforeAll(async () => {
    const pictures = await Promise.all(Array.from({ length: MANY }, (_, at) => photo(60, 40, at + 1)));
    origin = await serveImages(Object.fromEntries(pictures.map((picture, at) => [`/${at}.jpg`, picture])));
  });
  beforeEach(async () => (bucket = await openBucket()));
  afterEach(() => bucket.remove());
  afterAll(() => origin.close());

  describeOnEachEngine('the files of a folder', (engine) => {
    let installation: Installation;
    beforeEach(async () => (installation = await engine.install()));
    afterEach(() => installation.remove());

    function start(words: string[], settings: object = bucket.settings()) {
      const { PATH, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
      const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
      return spawn(process.execPath, [MAIN, '--storage', ...words], {
        env: { PATH, ...keys, ...installation.environment, ...settings },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    }

    async function copy(...words: string[]): Promise<{ lines: string[]; code: number }> {
      const child = start(words);
      const output = text(child.stdout);
      const [code] = await once(child, 'close');
      return { lines: (await output).trim().split('\n'), code };
    }

    const uploaded = async (settings: Record<string, string> = {}, count = 3) => {
      const app = await startApp(installation, settings);
      const urls = Array.from({ length: count }, (_, at) => origin.url(`/${at}.jpg`));
      const id = await app.client.accepted(csvOf([['Mug', urls]]));
      await app.client.completed(id);
      const paths = (await app.client.images(id)).map(({ output_url }) => new URL(output_url).pathname);
      const bytes = await Promise.all(
        paths.map(async (file) => Buffer.from(await (await fetch(app.client.url + file)).arrayBuffer())),
      );
      return { app, paths, bytes };
    };

    it('are in the bucket afterwards, also after a second call, and their old addresses work', async () => {
      const { app, paths, bytes } = await uploaded();
      await app.close();

      expect(await copy('copy')).toEqual({
        lines: ['4 files copied, 0 there already', 'Every file of the database is in the bucket.'],
        code: 0,
      });
      expect((await copy('copy')).lines[0]).toBe('0 files copied, 4 there already');

      rmSync(path.join(installation.environment.DATA_DIR, 'images'), { recursive: true });
      const onBucket = await startApp(installation, bucket.settings());
      for (const [at, file] of paths.entries()) {
        const answer = await fetch(onBucket.client.url + file);
        expect(Buffer.from(await answer.arrayBuffer()).equals(bytes[at])).toBe(true);
        expect(answer.headers.get('content-type')).toBe('image/jpeg');
      }
      await onBucket.close();
    });

    it('are all there, and each once, where the copy was killed in the middle and called again', async () => {
      const { app, paths, bytes } = await uploaded({}, MANY);
      await app.close();
      const gate = await GatedBucket.open(bucket.settings().S3_ENDPOINT, COPIED_BEFORE);
      const first = start(['copy'], { ...bucket.settings(), S3_ENDPOINT: gate.url });
      await until(() => gate.held > 0 && gate.stored === COPIED_BEFORE);
      first.kill('SIGKILL');
      await once(first, 'close');
      await gate.close();

      const { lines, code } = await copy('copy');

      const total = MANY + 1; // and the file that was uploaded
      expect(lines[0]).toBe(`${total - COPIED_BEFORE} files copied, ${COPIED_BEFORE} there already`);
      expect([lines[1], code]).toEqual(['Every file of the database is in the bucket.', 0]);
      const keys = await bucket.keys();
      expect([keys.length, new Set(keys).size]).toEqual([total, total]);
      rmSync(path.join(installation.environment.DATA_DIR, 'images'), { recursive: true });
      const onBucket = await startApp(installation, bucket.settings());
      for (const [at, file] of paths.entries()) {
        const answer = await fetch(onBucket.client.url + file);
        expect(Buffer.from(await answer.arrayBuffer()).equals(bytes[at])).toBe(true);
      }
      await onBucket.close();
    });

    it('that are missing are named, and the others copied', async () => {
      const { app } = await uploaded();
      await app.close();
      rmSync(path.join(installation.environment.DATA_DIR, 'images'), { recursive: true });

      const { lines, code } = await copy('copy');

      expect(lines.at(-1)).toBe('4 files are missing in DATA_DIR.');
      expect(code).toBe(1);
      expect((await copy('move')).code).toBe(1);
    });

    it('are read from the bucket by the client itself with S3_REDIRECTS=on', async () => {
      const { app, paths, bytes } = await uploaded({ ...bucket.settings(), S3_REDIRECTS: 'on' });

      const answer = await fetch(app.client.url + paths[0], { redirect: 'manual' });
      expect(answer.status).toBe(302);
      expect(answer.headers.get('cache-control')).toBe('private, max-age=1200');
      const location = answer.headers.get('location')!;
      expect(location.startsWith(`${bucket.settings().S3_ENDPOINT}/`)).toBe(true);
      expect(new URL(location).searchParams.get('X-Amz-Expires')).toBe('3600');
      const followed = await fetch(location);
      expect(Buffer.from(await followed.arrayBuffer()).equals(bytes[0])).toBe(true);
      const head = await fetch(app.client.url + paths[0], { method: 'HEAD', redirect: 'manual' });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes[0].length)]);
      await app.close();
    });
  });
});
