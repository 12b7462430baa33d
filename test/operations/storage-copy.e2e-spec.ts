import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp } from '../helpers/app/test-app.js';
import { describeOnS3, type TestBucket } from '../helpers/servers/test-bucket.js';
import { MAIN } from '../helpers/paths.js';

describeOnS3('npm run storage -- copy', (openBucket) => {
  let bucket: TestBucket;
  let origin: ImageOrigin;

  beforeAll(async () => {
    const pictures = await Promise.all([1, 2, 3].map((seed) => photo(60, 40, seed)));
    origin = await serveImages(Object.fromEntries(pictures.map((picture, at) => [`/${at}.jpg`, picture])));
  });
  beforeEach(async () => (bucket = await openBucket()));
  afterEach(() => bucket.remove());
  afterAll(() => origin.close());

  describeOnEachEngine('the files of a folder', (engine) => {
    let installation: Installation;
    beforeEach(async () => (installation = await engine.install()));
    afterEach(() => installation.remove());

    async function copy(...words: string[]): Promise<{ lines: string[]; code: number }> {
      const { PATH, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
      const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
      const child = spawn(process.execPath, [MAIN, '--storage', ...words], {
        env: { PATH, ...keys, ...installation.environment, ...bucket.settings() },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const output = text(child.stdout);
      const [code] = await once(child, 'close');
      return { lines: (await output).trim().split('\n'), code };
    }

    const uploaded = async (settings: Record<string, string> = {}) => {
      const app = await startApp(installation, settings);
      const urls = [0, 1, 2].map((at) => origin.url(`/${at}.jpg`));
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
