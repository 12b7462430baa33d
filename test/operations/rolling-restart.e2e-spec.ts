import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { parseAllDocuments } from 'yaml';
import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnServers, type Installation } from '../helpers/app/engines.js';
import { freePort, Service } from '../helpers/app/service.js';
import { ROOT } from '../helpers/paths.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { describeOnS3, type TestBucket } from '../helpers/servers/test-bucket.js';
import { until } from '../helpers/wait.js';

type Mode = 'api' | 'worker';
type Variables = Record<string, string>;

const documents = parseAllDocuments(
  readFileSync(path.join(ROOT, 'deploy/kubernetes/image-processing.yaml'), 'utf8'),
).map((document) => document.toJS());

/** What the example gives a process, but for its secrets. */
function variablesOf(mode: Mode): Variables {
  const { data } = documents.find(({ kind }) => kind === 'ConfigMap');
  const { spec } = documents.find(({ metadata }) => metadata.name === `image-processing-${mode}`);
  const own: { name: string; value: string }[] = spec.template.spec.containers[0].env;
  return { ...data, ...Object.fromEntries(own.map(({ name, value }) => [name, value])) };
}

/** Runs a command where nothing can be written but below two folders; needs no more rights than the user has. */
function confined(data: string, tmp: string): string[] {
  const folders = [data, tmp].map((folder) => `mount --bind ${folder} ${folder}`);
  const script = [...folders, `mount --bind ${ROOT} ${ROOT}`, `mount -o remount,bind,ro ${ROOT}`];
  const all = [...script, 'mount -o remount,bind,ro /', 'exec "$@"'].join(' && ');
  return ['unshare', process.getuid!() === 0 ? '-m' : '-rm', 'sh', '-c', all, 'sh'];
}

const CAN_CONFINE = spawnSync('unshare', [process.getuid!() === 0 ? '-m' : '-rm', 'true']).status === 0;

describeOnS3('deploy/kubernetes', (openBucket) => {
  describeOnServers('two APIs and two workers with its variables', (engine) => {
    let bucket: TestBucket;
    let origin: ImageOrigin;
    let installation: Installation;
    const root = mkdtempSync(path.join(tmpdir(), 'image-processing-pods-'));
    const running: Service[] = [];

    beforeAll(async () => {
      bucket = await openBucket();
      installation = await engine.install();
      const pictures = [1, 2, 3, 4].map(async (seed) => [`/${seed}.jpg`, await photo(160, 120, seed)]);
      origin = await serveImages(Object.fromEntries(await Promise.all(pictures)));
    });
    afterAll(async () => {
      for (const service of running) await service.kill();
      await origin.close();
      await bucket.remove();
      await installation.remove();
      rmSync(root, { recursive: true, force: true });
    });

    const API_KEY = randomBytes(24).toString('hex');

    /** With the servers and secrets of the test. */
    const withSecrets = (variables: Variables): Variables => ({
      ...variables,
      ...installation.environment,
      ...bucket.settings(),
      API_KEYS: API_KEY,
      S3_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID!,
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY!,
    });

    /** A pod has folders and a port of its own on this machine. */
    const start = async (mode: Mode): Promise<Service> => {
      const folder = mkdtempSync(path.join(root, `${mode}-`));
      const [data, tmp] = [mkdtempSync(`${folder}/data-`), mkdtempSync(`${folder}/tmp-`)];
      const service = await Service.start(
        {
          ...withSecrets(variablesOf(mode)),
          ...{ PORT: String(await freePort()), DATA_DIR: data, TMPDIR: tmp, ALLOW_PRIVATE: '127.0.0.1' },
          ...{ CALLS_PER_MINUTE: '0', UPLOADS_PER_MINUTE: '0' },
          DRAIN_SECONDS: '5', // the balancer below looks every few milliseconds; on a busy machine, every second
        },
        CAN_CONFINE ? confined(data, tmp) : [],
      );
      running.push(service);
      return service;
    };
    const clientOf = ({ client }: Service) => new Client(client.url, { authorization: `Bearer ${API_KEY}` });
    const isReady = async ({ client }: Service) =>
      (await client.get('/health/ready').catch(() => ({ status: 0 }))).status === 200;

    it('are restarted one after the other, and no upload and no image notices', async () => {
      if (process.env.CI) expect(CAN_CONFINE).toBe(true);
      await migrate();
      const pods = { api: [] as Service[], worker: [] as Service[] };
      for (const mode of ['worker', 'worker', 'api', 'api'] as const) pods[mode].push(await start(mode));
      const accepted: string[] = [];
      let isOver = false;
      const uploading = (async () => {
        for (let turn = 0; !isOver; turn++) {
          const apis = pods.api; // others may take their places meanwhile
          const ready = await Promise.all(apis.map(isReady));
          const api = apis.filter((_, index) => ready[index])[turn % 2] ?? apis[ready.indexOf(true)];
          const urls = [1, 2, 3, 4].map((seed) => origin.url(`/${seed}.jpg?${turn}`));
          accepted.push(await clientOf(api).accepted(csvOf([[`P${turn}`, urls]])));
        }
      })();
      await until(() => accepted.length > 3);

      for (const mode of ['worker', 'api'] as const)
        for (const old of [...pods[mode]]) {
          await old.stop();
          pods[mode] = [...pods[mode].filter((pod) => pod !== old), await start(mode)];
          const before = accepted.length;
          await until(() => accepted.length > before + 2);
        }
      isOver = true;
      await uploading;

      const client = clientOf(pods.api[0]);
      for (const id of accepted) await client.completed(id);
      for (const id of accepted)
        expect((await client.get(`/requests/${id}`)).json.counts).toMatchObject({ done: 4, failed: 0 });
      const [image] = await client.images(accepted[0]);
      expect(image.output_url).toMatch(/^https:\/\/images\.example\.com\/images\//);
      const stored = await fetch(client.url + new URL(image.output_url).pathname);
      expect((await sharp(Buffer.from(await stored.arrayBuffer())).metadata()).width).toBe(160);
      for (const service of running) expect(service.log).not.toMatch(/"level":"error"/);
    });

    /** As the Job of the example does. */
    async function migrate(): Promise<void> {
      const job = documents.find(({ kind }) => kind === 'Job');
      const [, ...parameters] = job.spec.template.spec.containers[0].args as string[];
      const { status, stdout } = spawnSync(process.execPath, parameters, {
        cwd: ROOT,
        env: { PATH: process.env.PATH, ...withSecrets(variablesOf('api')) },
        encoding: 'utf8',
      });
      expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('up to date') });
    }
  });
});
