import { execFile } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const run = promisify(execFile);
/** What users write (test/fixtures/generated-client). */
const PROGRAMS = ['main-job', 'request-life', 'keys-and-tokens'];
const KEY = 'the-key-of-the-generated-client';

let folder: string;

beforeAll(async () => {
  folder = makeFolder();
  await generate(folder);
  await compile(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describeOnEachEngine('a client that is generated and compiled from openapi.json', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: KEY });
    const picture = await photo(320, 240);
    const held: ServerResponse[] = [];
    let isReleased = false;
    origin = await serveImages({
      '/mug.jpg': picture,
      '/held.jpg': (request, response) => {
        isReleased ||= request.url!.endsWith('?release');
        held.push(response);
        if (isReleased) held.splice(0).forEach((each) => each.end(picture));
      },
    });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  const resultOf = async (program: string, ...further: string[]) => {
    const words = [path.join(folder, program), app.client.url, KEY, origin.url('/mug.jpg'), ...further];
    return JSON.parse((await run(process.execPath, words)).stdout);
  };

  it('does the main job', async () => {
    const { secret, id, ...got } = await resultOf('main-job.js', receiver.url('/hook'));
    // The program's other request has ended, too.
    const told = () => receiver.at('/hook').find(({ text }) => JSON.parse(text).data.request_id === id);
    await until(() => told() !== undefined);

    expect(got).toEqual({
      status: 'Completed',
      outcome: 'partial',
      quality: 40,
      failures: ['HTTP_404'],
      output: expect.stringMatching(
        /^S\. No\.,Product Name,Input Image Urls,Output Image Urls\n1,Mug,.*\.jpg,"\n$/,
      ),
      names: [['Generated', '2026-114']],
      zip: { isWhole: true, type: 'application/zip' },
      missing: 'REQUEST_NOT_FOUND',
      isListed: true,
      run: 1,
      rerun: [201, 30],
      cancelled: true,
      deleted: 204,
      gone: 'REQUEST_NOT_FOUND',
    });
    expect(verified(told()!, secret)).toMatchObject({
      type: 'request.completed',
      data: { request_id: id, outcome: 'partial' },
    });
  });

  it('uploads, lists, cancels, retries, takes the ZIP, and deletes', async () => {
    expect(await resultOf('request-life.js', origin.url('/held.jpg'))).toEqual({
      made: 201,
      isListed: true,
      cancelled: 'Cancelled',
      ended: ['cancelled', 1],
      hasLeftOut: true,
      retried: [2, 0],
      again: ['partial', 401, 1],
      zip: true,
      name: 'blue-mug-1.jpg',
      deleted: 204,
      gone: 'REQUEST_NOT_FOUND',
    });
  });

  it('makes keys and tokens, and meets their limits', async () => {
    expect(await resultOf('keys-and-tokens.js')).toEqual({
      uploaded: 40,
      waited: 'Completed',
      lastEvent: 'end',
      beyond: 'TOKEN_NOT_ALLOWED',
      seenByAdmin: true,
      usage: ['shop', { used: 1, limit: 3 }],
      tooMany: [429, 'QUOTA_EXCEEDED', true],
      changed: ['The other shop', {}],
      dead: 'API_KEY_INVALID',
      isListed: true,
      deleted: 204,
      audit: ['key.delete', 'key.rotate', 'key.change', 'key.create'],
      gone: 'API_KEY_INVALID',
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
  const programs = PROGRAMS.map((name) => path.join(folder, `${name}.ts`));
  return run(process.execPath, ['node_modules/typescript/bin/tsc', ...options, ...programs]).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(stdout);
    },
  );
}
