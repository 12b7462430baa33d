import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { FileSweeper } from '../../src/stored-files/file-sweeper.js';
import { csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { MAIN } from '../helpers/paths.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';

const SECRET = 'Bearer very-secret';

describeOnEachEngine('what images were made of', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let source: Buffer;
  /** Whether the server of the images still has them. */
  let isThere: boolean;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    source = await photo(1200, 900, 1); // more than what stays in memory
    const [small, other] = [await photo(160, 120, 2), await photo(200, 100, 3)];
    const serve = (picture: Buffer) => (request: IncomingMessage, response: ServerResponse) => {
      const isGuarded = request.url!.startsWith('/guarded');
      if (isGuarded && request.headers.authorization !== SECRET) response.writeHead(401).end();
      else if (isThere) response.writeHead(200, { etag: '"1"' }).end(picture);
      else response.writeHead(404).end();
    };
    origin = await serveImages({
      '/large.jpg': serve(source),
      '/small.jpg': serve(small),
      '/other.jpg': other,
      '/guarded.jpg': serve(small),
    });
  });
  beforeEach(() => {
    isThere = true;
    for (const path of Object.keys(origin.hits)) delete origin.hits[path];
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const uploaded = async (fields: object, names: string[]) => {
    const urls = names.map((name) => origin.url(`/${name}.jpg`));
    const { json } = await app.client.form('/upload', csvOf([['Mug', urls]]), fields);
    await app.client.completed(json.request_id);
    return json.request_id as string;
  };
  const redo = (id: string, number: number, body: object) =>
    app.client.send('POST', `/requests/${id}/images/${number}/redo`, body);
  const redone = async (id: string, number: number, body: object) => {
    expect((await redo(id, number, body)).status).toBe(200);
    const path = `/requests/${id}/images/${number}`;
    const state = async () => (await app.client.get(path)).json.redo.state;
    await until(async () => ['done', 'failed'].includes(await state()));
    return (await app.client.get(path)).json;
  };
  const storedBytes = async () => (await app.client.get('/usage')).json.quotas.stored_bytes.used as number;
  const sourcesOf = (id: string) =>
    withDatabase(installation, (db) =>
      db.query<{ fileKey: string; bytes: number }[]>(
        `SELECT files.file_key AS fileKey, files.bytes AS bytes FROM kept_files
          JOIN requests ON requests.request_key = kept_files.request_key
          JOIN files ON files.file_key = kept_files.file_key AND files.kind = 'source'
         WHERE requests.id = ? AND kept_files.role = 'source' ORDER BY kept_files.image_number`,
        [id],
      ),
    );
  const expectNoFaults = () =>
    withDatabase(installation, async (db) => expect(await faultsOf(db)).toEqual({}));
  const verified = async () => {
    const env = { PATH: process.env.PATH, ...installation.environment };
    const child = spawn(process.execPath, [MAIN, '--verify'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const output = buffer(child.stdout);
    const [code] = await once(child, 'close');
    return [code, String(await output)];
  };

  it('is kept where the upload asks for it, and an image made anew from it without its server', async () => {
    const before = await storedBytes();
    const id = await uploaded({ keep_sources: '1', quality: '30' }, ['large', 'small', 'large']);
    const sources = await sourcesOf(id);
    expect(sources.map(({ bytes }) => Number(bytes))).toContain(source.length);
    const outputs = (await app.client.images(id)).slice(0, 2).map(({ output }) => output.bytes);
    const uploadBytes = (await storedBytes()) - before - outputs[0] - outputs[1];
    expect(uploadBytes).toBeGreaterThan(sources.reduce((sum, { bytes }) => sum + Number(bytes), 0));
    expect((await app.client.get(`/requests/${id}`)).json.keep_sources).toBe(1);
    isThere = false;
    const hits = { ...origin.hits };

    const better = await redone(id, 1, { quality: 90 });
    const original = await redone(id, 3, { original: true }); // a repeat of the first

    expect([better.redo.state, better.quality]).toEqual(['done', 90]);
    expect(better.download.how).toBe('fetched');
    expect(original).toMatchObject({ outcome: 'kept_original', output: { width: 1200, height: 900 } });
    const delivered = Buffer.from(await (await fetch(original.output_url)).arrayBuffer());
    const pixels = (data: Buffer) => sharp(data).raw().toBuffer();
    expect((await pixels(delivered)).equals(await pixels(source))).toBe(true);
    expect(origin.hits).toEqual(hits);
    await expectNoFaults();
    expect(await verified()).toEqual([0, expect.any(String)]);
  });

  it('is fetched again where it was not kept; where that fails, the image stays as it is', async () => {
    const id = await uploaded({}, ['small']);
    expect(await sourcesOf(id)).toEqual([]);
    const [before] = await app.client.images(id);

    expect((await redone(id, 1, { quality: 80 })).quality).toBe(80);
    await redo(id, 1, { undo: true });
    isThere = false;
    const failed = await redone(id, 1, { quality: 81 });

    expect(failed.redo).toMatchObject({ state: 'failed', error: { code: 'HTTP_404' } });
    expect({ ...failed, redo: null }).toEqual({ ...before, redo: null });
  });

  it('that was fetched with headers is made anew where it is kept, and refused by a code where not', async () => {
    const headers = JSON.stringify({ [new URL(origin.url('/')).host]: { Authorization: SECRET } });
    const kept = await uploaded({ headers, keep_sources: '1' }, ['guarded']);
    const forgotten = await uploaded({ headers }, ['guarded']);

    expect((await redone(kept, 1, { quality: 77 })).quality).toBe(77);
    const { status, json } = await redo(forgotten, 1, { quality: 77 });
    expect([status, json.code]).toEqual([409, 'SOURCE_GONE']);
    const elsewhere = await redone(forgotten, 1, { url: origin.url('/other.jpg') });
    expect(elsewhere.input).toMatchObject({ width: 200 });
    await expectNoFaults();
  });

  it('changes with the address of an image, and back', async () => {
    const id = await uploaded({ keep_sources: '2' }, ['small']);
    const [first] = await sourcesOf(id);

    await redone(id, 1, { url: origin.url('/other.jpg') });
    const [second] = await sourcesOf(id);
    expect(second.fileKey).not.toBe(first.fileKey);
    await redo(id, 1, { undo: true });
    expect(await sourcesOf(id)).toEqual([]);

    expect((await redone(id, 1, { quality: 70 })).input.width).toBe(160);
    expect(await sourcesOf(id)).toEqual([first]);
    await expectNoFaults();
  });

  it('goes when its days are over, and with its request', async () => {
    const id = await uploaded({ keep_sources: '1' }, ['large']);
    const sweeper = app.nest.get(FileSweeper);
    const [{ fileKey }] = await sourcesOf(id);
    const hasFile = () =>
      withDatabase(installation, async (db) => {
        const found = await db.query<unknown[]>('SELECT file_key FROM files WHERE file_key = ?', [fileKey]);
        return found.length > 0;
      });
    const age = (sql: string) => withDatabase(installation, (db) => db.query(sql, [fileKey]));
    await sweeper.sweep();
    expect(await sourcesOf(id)).toHaveLength(1);

    await age('UPDATE kept_files SET kept_until = 1 WHERE file_key = ?');
    await sweeper.sweep();
    expect(await sourcesOf(id)).toEqual([]);
    expect(await hasFile()).toBe(true); // for an hour
    await age('UPDATE files SET released_at = 1 WHERE file_key = ?');
    await sweeper.sweep();
    expect(await hasFile()).toBe(false);
    await expectNoFaults();

    expect((await redone(id, 1, { quality: 61 })).quality).toBe(61);
    expect(await sourcesOf(id)).toHaveLength(1);
    await app.client.send('DELETE', `/requests/${id}`);
    await until(async () => (await sourcesOf(id)).length === 0);
    await withDatabase(installation, (db) =>
      until(
        async () => (await db.query<unknown[]>('SELECT id FROM requests WHERE id = ?', [id])).length === 0,
      ),
    );
    await age('UPDATE files SET released_at = 1 WHERE file_key = ?');
    await sweeper.sweep();
    expect(await hasFile()).toBe(false);
    await expectNoFaults();
  });

  it('is kept for the days of the upload, from 0 to 30, those of the earlier request, or of the setting', async () => {
    const products = [{ product_name: 'Mug', image_urls: [origin.url('/small.jpg')] }];
    const made = await app.client.send('POST', '/requests', { products, keep_sources: 3 });
    expect([made.status, made.json.keep_sources]).toEqual([201, 3]);
    await app.client.completed(made.json.id);
    const again = await app.client.send('POST', `/requests/${made.json.id}/rerun`, {});
    expect(again.json.keep_sources).toBe(3);
    const none = await app.client.send('POST', `/requests/${made.json.id}/rerun`, { keep_sources: 0 });
    expect(none.json.keep_sources).toBe(0);
    for (const { json } of [again, none]) await app.client.completed(json.id);

    for (const keep_sources of ['31', '-1', '1.5', 'yes'])
      expect(
        (await app.client.form('/upload', csvOf([['Mug', ['http://a.example/a.jpg']]]), { keep_sources }))
          .json,
      ).toMatchObject({ code: 'INVALID_PARAMETER', details: [{ field: 'keep_sources' }] });

    const own = await engine.install();
    const keeping = await startApp(own, { KEEP_SOURCES_DAYS: '4' });
    const id = await keeping.client.accepted(csvOf([['Mug', [origin.url('/small.jpg')]]]));
    await keeping.client.completed(id);
    expect((await keeping.client.get(`/requests/${id}`)).json.keep_sources).toBe(4);
    await keeping.close();
    await own.remove();
  });
});
