import { Logger } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { turns, until } from '../helpers/wait.js';
import { hasJava, listWithPython, readWithJava, testWithUnzip } from '../helpers/zips.js';

/** So many files of some hundred kilobytes are more than what connections hold for a client that reads nothing. */
const MANY = 80;

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

describeOnEachEngine('images.zip', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let folder: string;
  let release: (() => void) | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'images-zip-'));
    const noise = { raw: { width: 800, height: 800, channels: 3 } } as const;
    const large = await sharp(randomBytes(800 * 800 * 3), noise)
      .jpeg({ quality: 90 })
      .toBuffer();
    const picture = await photo(320, 240);
    origin = await serveImages({
      '/mug.jpg': picture,
      '/lamp.png': await sharp(picture).resize(50).png().toBuffer(),
      '/large.jpg': large,
      '/slow.jpg': (_request, response) => (release = () => void response.end(picture)),
    });
    installation = await engine.install();
    app = await startApp(installation, { CACHE_RESULTS: '100' });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
    rmSync(folder, { recursive: true });
  });

  const completed = async (rows: [string, string[]][]) => {
    const id = await app.client.accepted(csvOf(rows));
    await app.client.completed(id);
    return id;
  };
  const zipUrl = (id: string) => `${app.client.url}/requests/${id}/images.zip`;
  /** With the answer at hand, and nothing of its body read. */
  const ask = (id: string) => new Promise<IncomingMessage>((resolve) => get(zipUrl(id), resolve));
  const large = () =>
    completed(Array.from({ length: MANY }, (_, index) => [`P${index}`, [origin.url(`/large.jpg?${index}`)]]));

  it('has every result under its line, place and name, and is as long as was said', async () => {
    const id = await completed([
      ['Mug', [origin.url('/mug.jpg'), origin.url('/gone.jpg'), origin.url('/lamp.png')]],
      ['Mug again', [origin.url('/mug.jpg')]],
    ]);

    const answer = await fetch(zipUrl(id));
    const zip = new Uint8Array(await answer.arrayBuffer());

    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/zip',
      'content-length': String(zip.length),
      'content-disposition': 'attachment; filename="products-images.zip"',
      'x-request-status': 'Completed',
    });
    const file = path.join(folder, 'images.zip');
    writeFileSync(file, zip);
    testWithUnzip(file);
    const names = ['2-1-image.jpg', '2-3-image.png', '3-1-image.jpg'];
    const done = (await app.client.images(id)).filter(({ status }) => status === 'done');
    const contents = await Promise.all(
      done.map(async (image) => Buffer.from(await (await fetch(image.output_url)).arrayBuffer())),
    );
    expect(listWithPython(file).map(([name, bytes]) => [name, bytes])).toEqual(
      names.map((name, index) => [name, contents[index].length]),
    );
    if (!hasJava) return;
    const read = readWithJava(file);
    expect(names.map((name) => sha256(read[name]))).toEqual(contents.map(sha256));
  });

  it('tells its length without making it (HEAD)', async () => {
    const id = await completed([['Mug', [origin.url('/mug.jpg')]]]);

    const head = await fetch(zipUrl(id), { method: 'HEAD' });

    const { byteLength } = await (await fetch(zipUrl(id))).arrayBuffer();
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(byteLength));
    expect(await head.text()).toBe('');
  });

  it('has what is done by then, while others are at work', async () => {
    const rows: [string, string[]][] = [['Mug', [origin.url('/mug.jpg'), origin.url('/slow.jpg')]]];
    const id = await app.client.accepted(csvOf(rows));
    await until(async () => (await app.client.get(`/requests/${id}`)).json.counts.done === 1);

    const answer = await fetch(zipUrl(id));

    expect(answer.headers.get('x-request-status')).toBe('Processing');
    const file = path.join(folder, 'begun.zip');
    writeFileSync(file, new Uint8Array(await answer.arrayBuffer()));
    expect(listWithPython(file).map(([name]) => name)).toEqual(['2-1-image.jpg']);
    await until(() => release !== undefined);
    release!();
    await app.client.completed(id);
  });

  it('is empty where nothing is done, and none where there is no request', async () => {
    const id = await completed([['Gone', [origin.url('/gone.jpg')]]]);

    const answer = await fetch(zipUrl(id));

    expect(answer.headers.get('content-length')).toBe('22');
    expect((await answer.arrayBuffer()).byteLength).toBe(22);
    const none = await app.client.get('/requests/x/images.zip');
    expect([none.status, none.json.code]).toEqual([404, 'REQUEST_NOT_FOUND']);
  });

  it('holds no file open for a client that reads nothing, and nothing at all once it has left', async () => {
    const id = await large();
    const connections = () =>
      new Promise<number>((resolve) =>
        app.nest.getHttpServer().getConnections((_: unknown, count: number) => resolve(count)),
      );
    const before = await connections();

    const isNoneOpen = () => openFiles(installation.environment.DATA_DIR).length === 0;
    const answer = await ask(id);
    await once(answer, 'readable');
    await until(async () => {
      // Those that are being read ahead are read, one after the other; then none is open, and stays so.
      for (let turn = 0; turn < 200; turn++) {
        if (!isNoneOpen()) return false;
        await turns(1);
      }
      return true;
    });
    answer.destroy();

    await until(async () => (await connections()) <= before && isNoneOpen());
  });

  it('is cut off, and logged, where a file has gone by then', async () => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const id = await large();
    const answer = await ask(id);

    rmSync(path.join(installation.environment.DATA_DIR, 'images'), { recursive: true });

    await expect(text(answer)).rejects.toThrow('aborted');
    await until(() => warned.mock.calls.some(([said]) => said === `request ${id}: images.zip was cut off`));
    warned.mockRestore();
    expect((await app.client.get('/health/live')).status).toBe(200);
  });
});

/** Files of images that this process has open. */
function openFiles(dataFolder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`);
      return file.startsWith(path.join(dataFolder, 'images')) ? [file] : [];
    } catch {
      return []; // closed meanwhile
    }
  });
}
