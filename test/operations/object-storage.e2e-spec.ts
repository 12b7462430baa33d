import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Papa from 'papaparse';
import sharp from 'sharp';
import { type Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, describeOnServers, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { Service } from '../helpers/app/service.js';
import { describeOnS3, type TestBucket } from '../helpers/servers/test-bucket.js';
import { startApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { listWithPython } from '../helpers/zips.js';

const PUBLIC_URL = 'https://cdn.example/shop';
const SECRETS = {
  AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? '',
  AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? '',
};

async function outputUrls(client: Client, id: string): Promise<string[]> {
  const { text } = await client.get(`/requests/${id}/output.csv`);
  const [, ...rows] = Papa.parse<string[]>(text.trim()).data;
  return rows.flatMap((row) => row[3].split(','));
}

describeOnS3('images in a bucket', (openBucket) => {
  let bucket: TestBucket;
  let origin: ImageOrigin;

  beforeAll(async () => {
    bucket = await openBucket();
    const pictures = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => [`/${index}.jpg`, await photo(160, 120, index + 1)]),
    );
    origin = await serveImages(Object.fromEntries(pictures));
  });
  afterAll(async () => {
    await origin.close();
    await bucket.remove();
  });

  const products = (count: number) =>
    csvOf(Array.from({ length: count }, (_, index) => [`P${index}`, [origin.url(`/${index}.jpg`)]]));

  describeOnEachEngine('the main job', (engine) => {
    let installation: Installation;

    beforeEach(async () => (installation = await engine.install()));
    afterEach(() => installation.remove());

    it('keeps them there, and the API serves them: whole, in part, and their heads', async () => {
      const app = await startApp(installation, bucket.settings());
      const id = await app.client.accepted(products(3));
      await app.client.completed(id);

      const urls = await outputUrls(app.client, id);
      for (const url of urls) {
        expect(url.startsWith(`${app.client.url}/images/`)).toBe(true);
        const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
        expect(await sharp(whole).metadata()).toMatchObject({ format: 'jpeg', width: 160, height: 120 });
        const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
        expect(part.status).toBe(206);
        expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(10, 20))).toBe(true);
        const head = await fetch(url, { method: 'HEAD' });
        expect(head.headers.get('content-length')).toBe(String(whole.length));
      }
      expect(existsSync(path.join(installation.environment.DATA_DIR, 'images'))).toBe(false);

      const answer = await fetch(`${app.client.url}/requests/${id}/images.zip`);
      const zip = path.join(installation.environment.DATA_DIR, 'images.zip');
      writeFileSync(zip, new Uint8Array(await answer.arrayBuffer()));
      const names = ['2-1-image.jpg', '3-1-image.jpg', '4-1-image.jpg'];
      expect(listWithPython(zip).map(([name]) => name)).toEqual(names);
      await app.close();
    });

    it('hands out the addresses of S3_PUBLIC_URL', async () => {
      const settings = { ...bucket.settings(), S3_PUBLIC_URL: PUBLIC_URL, S3_PREFIX: 'a/b/' };
      const app = await startApp(installation, settings);
      const id = await app.client.accepted(products(2));
      await app.client.completed(id);

      const stored = await bucket.keys();
      for (const url of await outputUrls(app.client, id)) {
        expect(url.startsWith(`${PUBLIC_URL}/a/b/`)).toBe(true);
        expect(stored).toContain(url.slice(PUBLIC_URL.length + 1));
      }
      await app.close();
    });
  });

  describeOnServers('one API and two workers', (engine) => {
    let installation: Installation;
    const folders: string[] = [];

    beforeAll(async () => (installation = await engine.install()));
    afterAll(async () => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      await installation.remove();
    });

    const start = (mode: 'api' | 'worker') => {
      const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-data-'));
      folders.push(folder);
      return Service.start({
        ...installation.environment,
        ...bucket.settings(),
        ...SECRETS,
        DATA_DIR: folder,
        MODE: mode,
        PORT: '0',
        ALLOW_PRIVATE: '127.0.0.1',
        LEASE_SECONDS: '2',
      });
    };

    it('share nothing but database, Redis and bucket, and lose nothing when a worker is killed', async () => {
      const api = await start('api');
      const workers = await Promise.all([start('worker'), start('worker')]);
      const id = await api.client.accepted(products(40));
      const done = async () => (await api.client.get(`/requests/${id}`)).json.counts.done;
      await until(async () => (await done()) >= 5);

      await workers[0].kill();
      await api.client.completed(id);

      expect(await done()).toBe(40);
      for (const url of await outputUrls(api.client, id)) {
        // The workers know no PUBLIC_URL; the API serves what they stored.
        const picture = await fetch(api.client.url + new URL(url).pathname);
        expect(await sharp(Buffer.from(await picture.arrayBuffer())).metadata()).toMatchObject({
          width: 160,
        });
      }
      await workers[1].stop();
      await api.stop();
    });
  });
});
