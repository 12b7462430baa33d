import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import sharp from 'sharp';
import { csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { until } from '../helpers/wait.js';

/** What has many bytes at a high quality. */
const noise = (side: number) =>
  sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } }).jpeg({
    quality: 100,
  });

describeOnEachEngine('making a done image anew', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;
  let source: Buffer;
  let other: Buffer;
  let held: ServerResponse[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    receiver = await WebhookReceiver.start();
    source = await photo(320, 240, 1);
    other = await photo(200, 100, 2);
    const hold = (_request: unknown, response: ServerResponse) => void held.push(response);
    const [second, third] = [await photo(96, 64, 3), await photo(96, 64, 4)];
    origin = await serveImages({
      '/mug.jpg': source,
      '/second.jpg': second,
      '/third.jpg': third,
      '/other.jpg': other,
      '/noise.jpg': await noise(2200).toBuffer(),
      '/gone.jpg': 404,
      '/text.jpg': Buffer.from('no image at all'),
      '/held.jpg': hold,
    });
  });
  beforeEach(() => (held = []));
  afterAll(async () => {
    await app.close();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  const described = async (id: string) => (await app.client.get(`/requests/${id}`)).json;
  const image = async (id: string, number = 1) =>
    (await app.client.get(`/requests/${id}/images/${number}`)).json;
  const redo = (id: string, body: unknown, number: number | string = 1) =>
    app.client.send('POST', `/requests/${id}/images/${number}/redo`, body);
  const isOver = ({ redo: { state } }: any) => state !== 'pending' && state !== 'processing';
  const redone = async (id: string, body: object, number = 1) => {
    const { status, json } = await redo(id, body, number);
    expect([status, json.redo.state]).toEqual([
      200,
      expect.stringMatching(/^(pending|processing|done|failed)$/),
    ]);
    await until(async () => isOver(await image(id, number)));
    return image(id, number);
  };
  const uploaded = async (fields: object = {}, names = ['mug', 'second', 'third']) => {
    const urls = names.map((name) => origin.url(`/${name}.jpg`));
    const { json } = await app.client.form('/upload', csvOf([['Mug', urls]]), fields);
    await app.client.completed(json.request_id);
    return json.request_id as string;
  };
  const bytesAt = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());
  const expectNoFaults = () =>
    withDatabase(installation, async (db) => expect(await faultsOf(db)).toEqual({}));
  const sum = (images: any[], part: 'input' | 'output') =>
    images.reduce((total, each) => total + each[part].bytes, 0);

  it('gives a better quality at another address, and changes nothing of the request but its bytes', async () => {
    const id = await uploaded({ quality: '20', webhook_url: receiver.url('/once') });
    await until(() => receiver.received.length === 1);
    const request = await described(id);
    const before = await app.client.images(id);
    expect(before[0].redo).toBeNull();

    const after = await redone(id, { quality: 90 });

    expect(after.redo).toEqual({
      state: 'done',
      error: null,
      options: { url: null, quality: '90', target: null, original: false },
      can_undo: true,
    });
    expect(after).toMatchObject({ status: 'done', quality: 90, attempts: 1, input: before[0].input });
    expect(after.output.bytes).toBeGreaterThan(before[0].output.bytes);
    expect(after.output_url).not.toBe(before[0].output_url);
    expect((await bytesAt(after.output_url)).length).toBe(after.output.bytes);
    expect((await bytesAt(before[0].output_url)).length).toBe(before[0].output.bytes);
    const images = await app.client.images(id);
    expect(images.slice(1)).toEqual(before.slice(1));
    const { bytes, ...rest } = await described(id);
    expect({ ...request, bytes }).toEqual({ ...rest, bytes });
    expect(bytes).toMatchObject({ input: sum(images, 'input'), output: sum(images, 'output') });
    expect((await app.client.get(`/requests/${id}/output.csv`)).text).toContain(after.output_url);
    expect(receiver.received).toHaveLength(1);
    await expectNoFaults();
  });

  it('reaches a target, and delivers the original as it is, of which no pixel is lost', async () => {
    const id = await uploaded({ quality: '30', max_width: '100', format: 'webp' });

    const close = await redone(id, { target: 'ssim:0.99' });
    expect(close).toMatchObject({ output: { format: 'webp', width: 100 }, redo: { state: 'done' } });
    expect(close.similarity).toBeGreaterThanOrEqual(0.99);
    const original = await redone(id, { original: true });

    expect(original).toMatchObject({ outcome: 'kept_original', quality: null, similarity: 1, notes: [] });
    expect(original.output).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
    const pixels = (data: Buffer) => sharp(data).raw().toBuffer();
    expect((await pixels(await bytesAt(original.output_url))).equals(await pixels(source))).toBe(true);
    await expectNoFaults();
  });

  it('fetches from another address, which the image then has, while the file says what it said', async () => {
    const id = await uploaded();
    const before = await image(id);

    const after = await redone(id, { url: origin.url('/other.jpg'), quality: 60 });

    expect(after).toMatchObject({ input_url: origin.url('/other.jpg'), quality: 60 });
    expect(after.input).toMatchObject({ bytes: other.length, width: 200, height: 100 });
    const { text } = await app.client.get(`/requests/${id}/output.csv`);
    expect(text).toContain(`"${origin.url('/mug.jpg')},`);
    expect(text).toContain(after.output_url);
    await expectNoFaults();

    const { json: undone } = await redo(id, { undo: true });
    const { redo: state, ...back } = undone;
    expect(back).toEqual({ ...before, redo: undefined });
    expect(state).toMatchObject({ state: 'undone', can_undo: false });
    await expectNoFaults();
  });

  it('keeps to what the channel takes in bytes, as an upload of that quality does', async () => {
    const id = await uploaded({ for: 'walmart', trim: 'false', fill: '100' }, ['noise']);
    expect(await image(id)).toMatchObject({ quality: 90, fits: true });

    const after = await redone(id, { quality: 100 });

    expect(after).toMatchObject({ redo: { state: 'done' }, fits: true, broken_rules: [] });
    expect(after.quality).toBeGreaterThan(90);
    expect(after.output.bytes).toBeLessThanOrEqual(5_000_000);
  });

  it('is the earlier redo again when the later one is taken back, until the image is as its run made it', async () => {
    const id = await uploaded({ quality: '40' });
    const run = await image(id);
    const first = await redone(id, { quality: 80 });
    const failed = await redone(id, { url: origin.url('/gone.jpg') });
    expect(failed.redo).toMatchObject({ state: 'failed', can_undo: true });
    await redone(id, { original: true });

    const { json: back } = await redo(id, { undo: true });

    expect(back).toEqual({ ...first, redo: { ...first.redo, can_undo: false } });
    expect(await redo(id, { undo: true })).toMatchObject({ status: 200, json: back });
    const second = await redone(id, { target: 'ssim:0.99' });
    expect(second.redo.can_undo).toBe(true);
    expect((await redo(id, { undo: true })).json).toEqual(back);
    const asRun = await redone(id, { quality: 40 });
    expect(asRun.output_url).toBe(run.output_url);
    expect((await redo(id, { undo: true })).json).toEqual(back);
    await expectNoFaults();
  });

  it('is undone where a redo that failed, or made the same, came between', async () => {
    const id = await uploaded({ quality: '40' });
    const run = await image(id);
    await redone(id, { quality: 80 });
    await redone(id, { url: origin.url('/gone.jpg') });
    await redone(id, { quality: 80 });

    const { json } = await redo(id, { undo: true });

    expect(json).toEqual({ ...run, redo: expect.objectContaining({ state: 'undone', can_undo: false }) });
    await redone(id, { quality: 80 });
    await redone(id, { url: origin.url('/gone.jpg') });
    expect((await redo(id, { undo: true })).json.redo.state).toBe('undone');
    await expectNoFaults();
  });

  it('takes the latest redo back, once, and has its renditions and bytes as before', async () => {
    const id = await uploaded({ sizes: '80' });
    const [request, before] = [await described(id), await app.client.images(id)];
    const first = await redone(id, { quality: 80 });
    const second = await redone(id, { quality: 95 });
    expect(second.outputs.map(({ rendition }: any) => rendition)).toEqual(
      before[0].outputs.map(({ rendition }: any) => rendition),
    );
    expect(second.outputs[1].url).toBe(before[0].outputs[1].url);

    const { status, json } = await redo(id, { undo: true });

    expect(status).toBe(200);
    expect(json).toMatchObject({ output_url: first.output_url, outputs: first.outputs });
    expect(json.redo).toEqual({ ...first.redo, can_undo: false });
    expect((await redo(id, { undo: true })).json).toEqual(json);
    const again = await redone(id, { quality: 95 });
    expect(again.output_url).toBe(second.output_url);
    await redo(id, { undo: true });
    const last = await redone(id, { quality: 50 });
    expect(last.output_url).toBe(before[0].output_url);
    expect(await described(id)).toEqual(request);
    await expectNoFaults();
  });

  it('keeps what can be undone where a redo fails, or makes the same once more', async () => {
    const id = await uploaded();
    const before = await image(id);
    const good = await redone(id, { quality: 85 });

    const failed = await redone(id, { url: origin.url('/gone.jpg') });
    expect(failed.redo).toMatchObject({
      state: 'failed',
      error: { code: 'HTTP_404', retryable: false },
      can_undo: true,
    });
    expect({ ...failed, redo: null }).toEqual({ ...good, redo: null });
    const text = await redone(id, { url: origin.url('/text.jpg') });
    expect(text.redo.error.code).toBe('NOT_AN_IMAGE');
    const refused = await redone(id, { url: 'http://10.0.0.1/a.jpg' });
    expect(refused.redo.error.code).toBe('ADDRESS_REFUSED');
    const same = await redone(id, { quality: '85' });
    expect(same).toMatchObject({ output_url: good.output_url, redo: { state: 'done', can_undo: true } });

    expect((await redo(id, { undo: true })).json.output_url).toBe(before.output_url);
    await expectNoFaults();
  });

  it('changes one of the images with the same URL, and says so where several wishes meet', async () => {
    const id = await uploaded({}, ['mug', 'mug', 'gone']);
    const before = await app.client.images(id);

    const repeat = await redone(id, { quality: 88 }, 2);
    expect(repeat.quality).toBe(88);
    expect((await image(id)).output_url).toBe(before[0].output_url);

    const wish = { url: origin.url('/held.jpg') };
    await redo(id, wish, 2);
    await until(() => held.length === 1);
    expect((await redo(id, wish, 2)).json.redo.state).toBe('processing');
    const busy = [await redo(id, { quality: 77 }, 2), await redo(id, { undo: true }, 2)];
    expect(busy.map(({ status, json }) => [status, json.code])).toEqual([
      [409, 'REDO_IN_WORK'],
      [409, 'REDO_IN_WORK'],
    ]);
    held[0].end(other);
    await until(async () => isOver(await image(id, 2)));
    expect(held).toHaveLength(1);
    expect(await image(id, 2)).toMatchObject({ input: { width: 200 }, redo: { state: 'done' } });

    const failed = await redo(id, { quality: 90 }, 3);
    expect([failed.status, failed.json.code]).toEqual([409, 'IMAGE_NOT_DONE']);
    await expectNoFaults();
  });

  it('refuses what it can not do, each by its code', async () => {
    const id = await uploaded();
    const codes = async (...calls: [unknown, (number | string)?][]) => {
      const found: string[] = [];
      for (const [body, number] of calls) {
        const { status, json } = await redo(id, body, number);
        found.push(`${status} ${json.code}`);
      }
      return found;
    };

    expect(await codes([{ undo: true }])).toEqual(['409 NOTHING_TO_UNDO']);
    expect(await codes([{ quality: 1 }, 4], [{ quality: 1 }, 0], [{ quality: 1 }, 'x'])).toEqual(
      Array(3).fill('404 IMAGE_NOT_FOUND'),
    );
    const bodies = [{}, { quality: 0 }, { quality: 50, target: 'ssim:0.9' }, { original: true, quality: 50 }];
    const more = [
      { undo: true, quality: 50 },
      { url: 'ftp://a' },
      { url: 7 },
      { original: 'yes' },
      { undo: false },
    ];
    for (const body of [...bodies, ...more])
      expect([body, await codes([body])]).toEqual([body, ['400 INVALID_PARAMETER']]);
    expect(await codes([{ qualty: 50 }])).toEqual(['400 UNKNOWN_FIELD']);
    const unknown = await redo('4010a3f5-e94e-461d-bb2f-6b1ecc5941a8', { quality: 50 });
    expect([unknown.status, unknown.json.code]).toEqual([404, 'REQUEST_NOT_FOUND']);

    const open = await app.client.accepted(csvOf([['Mug', [origin.url('/held.jpg')]]]));
    await until(() => held.length === 1);
    const early = await redo(open, { quality: 50 });
    expect([early.status, early.json.code]).toEqual([409, 'REQUEST_NOT_FINISHED']);
    held[0].end(other);
    await app.client.completed(open);
  });

  it('makes done images of a cancelled request anew', async () => {
    const urls = ['/mug.jpg', '/held.jpg'].map((path) => origin.url(path));
    const id = await app.client.accepted(csvOf([['Mug', urls]]));
    await until(async () => held.length === 1 && (await image(id)).status === 'done');
    await app.client.send('POST', `/requests/${id}/cancel`);
    held[0].writeHead(404).end();
    await until(async () => (await described(id)).is_final);
    const request = await described(id);

    expect(await redone(id, { quality: 91 })).toMatchObject({ quality: 91, redo: { state: 'done' } });

    expect({ ...(await described(id)), bytes: null }).toEqual({ ...request, bytes: null });
    await expectNoFaults();
  });

  it('changes nothing of a request that is deleted meanwhile', async () => {
    const id = await uploaded();
    await redone(id, { quality: 70 });
    await redo(id, { url: origin.url('/held.jpg') });
    await until(() => held.length === 1);

    expect((await app.client.send('DELETE', `/requests/${id}`)).status).toBe(204);
    held[0].end(other);

    expect((await redo(id, { quality: 71 })).status).toBe(404);
    await withDatabase(installation, async (db) => {
      for (const table of ['redos', 'kept_files', 'outputs', 'requests'])
        await until(async () => {
          const sql = `SELECT * FROM ${table} WHERE request_key NOT IN (SELECT request_key FROM requests WHERE id <> ?)`;
          return (await db.query<unknown[]>(sql, [id])).length === 0;
        });
    });
    await expectNoFaults();
  });

  it('is noted among the images that a key may bring a day', async () => {
    const id = await uploaded();
    const used = async () => (await app.client.get('/usage')).json.quotas.images_per_day.used;
    const before = await used();
    const days = (await app.client.get('/usage')).json.items;

    await redone(id, { quality: 66 });
    await redo(id, { undo: true });

    expect(await used()).toBe(before + 1);
    const after = (await app.client.get('/usage')).json.items;
    expect(after.map(({ images, bytes }: any) => [images, bytes])).toEqual(
      days.map(({ images, bytes }: any) => [images, bytes]),
    );
  });
});
