import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeOnEachEngine, type Installation } from './helpers/engines.js';
import { type ImageOrigin, photo, serveImages } from './helpers/image-origin.js';
import { startApp, type TestApp } from './helpers/test-app.js';
import { until } from './helpers/wait.js';
import { verified, WebhookReceiver } from './helpers/webhook-receiver.js';

const run = promisify(execFile);
const KEY = 'the-key-of-the-generated-client';

/** Compiles for a minute on a machine that is busy. */
const COMPILED_WITHIN_MS = 180_000;

let folder: string;

beforeAll(async () => {
  folder = makeFolder();
  await generate(folder);
  await compile(folder);
}, COMPILED_WITHIN_MS);
afterAll(() => rmSync(folder, { recursive: true }));

describeOnEachEngine('a client that is generated and compiled from openapi.json', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: KEY });
    origin = await serveImages({ '/mug.jpg': await photo(320, 240) });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  it('does the main job', async () => {
    const program = path.join(folder, 'main-job.js');
    const { stdout } = await run(process.execPath, [
      program,
      app.client.url,
      KEY,
      origin.url('/mug.jpg'),
      receiver.url('/hook'),
    ]);
    const { secret, id, ...got } = JSON.parse(stdout);
    await until(() => receiver.at('/hook').length === 1);

    expect(got).toEqual({
      status: 'Completed',
      outcome: 'partial',
      quality: 40,
      failures: ['HTTP_404'],
      output: expect.stringMatching(
        /^S\. No\.,Product Name,Input Image Urls,Output Image Urls\n1,Mug,.*\.jpg,"\n$/,
      ),
      missing: 'REQUEST_NOT_FOUND',
    });
    expect(verified(receiver.at('/hook')[0], secret)).toMatchObject({
      type: 'request.completed',
      data: { request_id: id, outcome: 'partial' },
    });
  });
});

/** Below node_modules, so that the program finds its packages. */
function makeFolder(): string {
  mkdirSync('node_modules/.cache', { recursive: true });
  const folder = mkdtempSync('node_modules/.cache/generated-client-');
  cpSync('test/fixtures/generated-client', folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

function generate(folder: string): Promise<unknown> {
  const options = ['--default-non-nullable', 'false', '-o', path.join(folder, 'schema.d.ts')];
  return run(process.execPath, ['node_modules/openapi-typescript/bin/cli.js', 'openapi.json', ...options]);
}

/** Rejects with the compiler's complaints. */
function compile(folder: string): Promise<unknown> {
  const options = [
    '--strict',
    '--target',
    'ES2023',
    '--module',
    'NodeNext',
    '--types',
    'node',
    '--ignoreConfig',
  ];
  const program = path.join(folder, 'main-job.ts');
  return run(process.execPath, ['node_modules/typescript/bin/tsc', ...options, program]).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(stdout);
    },
  );
}
