import type { ServerResponse } from 'node:http';
import { LiveListeners } from '../../src/requests/live/live-listeners.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, describeOnServers, type Installation } from '../helpers/app/engines.js';
import { EventStream } from '../helpers/app/event-stream.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { RawConnection } from '../helpers/servers/raw-connection.js';
import { Service } from '../helpers/app/service.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

/** Pictures that are delivered one after the other, when the test wants them. */
async function heldImages(count: number) {
  const picture = await photo(64, 48);
  const held: ServerResponse[] = [];
  let open = false;
  const paths = Array.from({ length: count }, (_, index) => `/${index}.jpg`);
  const hold = (_request: unknown, response: ServerResponse) => {
    if (open) response.end(picture);
    else held.push(response);
  };
  const origin = await serveImages({
    ...Object.fromEntries(paths.map((path) => [path, hold])),
    '/quick.jpg': picture,
    '/gone.jpg': 404,
  });
  return {
    origin,
    urls: paths.map((path) => origin.url(path)),
    release: async (some: number) => {
      await until(() => held.length >= some);
      held.splice(0, some).forEach((response) => response.end(picture));
    },
    releaseAll: () => {
      open = true;
      held.splice(0).forEach((response) => response.end(picture));
    },
  };
}

describeOnEachEngine('live events of a request', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { DOWNLOADS_PER_HOST: '64' });
    origin = await serveImages({ '/quick.jpg': await photo(64, 48), '/gone.jpg': 404 });
  });
  afterAll(async () => {
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const watch = (id: string, lastEventId?: string) =>
    EventStream.open(`${app.client.url}/requests/${id}/events`, lastEventId);
  const describeRequest = async (id: string) => (await app.client.get(`/requests/${id}`)).json;
  const finished = async () => {
    const urls = [origin.url('/quick.jpg'), origin.url('/gone.jpg'), origin.url('/quick.jpg')];
    const id = await app.client.accepted(csvOf([['Mug', urls]]));
    await app.client.completed(id);
    return id;
  };

  it('begin with the request, have each image as it ends, and end by themselves', async () => {
    const images = await heldImages(6);
    const id = await app.client.accepted(csvOf([['Mug', [...images.urls, images.origin.url('/gone.jpg')]]]));
    const stream = await watch(id);
    await until(() => stream.of('request').length > 0);
    await images.release(2);
    await until(() => stream.of('image').length >= 2);
    images.releaseAll();
    await stream.ended();
    await images.origin.close();

    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.events[0]).toMatchObject({ event: 'request', data: { id, run: 1, is_final: false } });
    const settled = stream.of('image');
    expect(settled.map(({ id: eventId }) => eventId)).toEqual(settled.map((_, index) => `1.${index + 1}`));
    expect(settled.map(({ data }) => data).sort((a, b) => a.position - b.position)).toEqual(
      await app.client.images(id),
    );
    expect(stream.of('request').at(-1)!.data).toEqual(await describeRequest(id));
    expect(stream.events.at(-1)).toEqual({
      ...{ event: 'end', id: '1.7.end' },
      data: { id, run: 1, status: 'Completed', outcome: 'partial' },
    });
  });

  it('lose nothing and repeat nothing when they are cut and taken up again', async () => {
    const images = await heldImages(12);
    const id = await app.client.accepted(csvOf([['Mug', images.urls]]));
    const first = await watch(id);
    await until(() => first.of('request').length > 0);
    await images.release(5);
    await until(() => first.of('image').length >= 3);
    first.cut();
    await images.release(4);
    await until(async () => (await describeRequest(id)).counts.done === 9);
    const second = await watch(id, first.lastId);
    await until(() => second.of('image').length >= 1);
    images.releaseAll();
    await second.ended();
    await images.origin.close();

    const ids = [...first.of('image'), ...second.of('image')].map(({ id: eventId }) => eventId);
    expect(ids).toEqual(Array.from({ length: 12 }, (_, index) => `1.${index + 1}`));
    expect(second.events[0]).toMatchObject({ event: 'request', id: first.lastId });
  });

  it('are the request and the end, once it has ended; then nothing', async () => {
    const id = await finished();
    const stream = await watch(id);
    await stream.ended();
    const again = await watch(id, stream.lastId);
    await again.ended();
    const missed = await watch(id, '1.1');
    await missed.ended();

    expect(stream.events.map(({ event }) => event)).toEqual(['request', 'end']);
    expect([again.status, again.events]).toEqual([204, []]);
    expect(missed.events.map(({ event, id: eventId }) => [event, eventId])).toEqual([
      ['request', '1.1'],
      ['image', '1.2'],
      ['image', '1.3'],
      ['end', '1.3.end'],
    ]);
  });

  it('end with a request that is cancelled', async () => {
    const images = await heldImages(3);
    const id = await app.client.accepted(csvOf([['Mug', images.urls]]));
    const stream = await watch(id);
    await until(async () => (await describeRequest(id)).counts.processing > 0);
    await app.client.send('POST', `/requests/${id}/cancel`);
    images.releaseAll();
    await stream.ended();
    await images.origin.close();

    expect(stream.events.at(-1)).toMatchObject({ event: 'end', data: { outcome: 'cancelled' } });
  });

  it('are refused for what is no request, and for an id that is none of theirs', async () => {
    const id = await finished();
    const unknown = await app.client.get(`/requests/${UNKNOWN}/events`);
    const odd = await app.client.get(`/requests/${id}/events`, { 'last-event-id': 'x' });
    const future = await watch(id, '7.999999');
    await future.ended();

    expect([unknown.status, unknown.json.code]).toEqual([404, 'REQUEST_NOT_FOUND']);
    expect([odd.status, odd.json.code]).toEqual([400, 'INVALID_PARAMETER']);
    expect(future.events.map(({ event }) => event)).toEqual(['request', 'end']);
  });

  it('wait in the database for a client that reads nothing, while others get theirs', async () => {
    const images = 4000;
    const urls = Array.from(
      { length: images },
      (_, index) => `http://10.0.0.1/${'x'.repeat(300)}/${index}.jpg`,
    );
    const rows = Array.from({ length: images / 100 }, (_, row): [string, string[]] => {
      return [`Mug ${row}`, urls.slice(row * 100, (row + 1) * 100)];
    });
    const id = await app.client.accepted(csvOf(rows));
    const slow = new RawConnection(app.client.url);
    slow.pause();
    slow.send(
      `GET /requests/${id}/events HTTP/1.1\r\nHost: ${new URL(app.client.url).host}\r\n`,
      'Last-Event-ID: 1.0\r\nConnection: close\r\n\r\n',
    );
    const quick = await watch(id, '1.0');
    await quick.ended();
    slow.resume();
    await slow.closed();

    expect(quick.of('image')).toHaveLength(images);
    const received = [...slow.received.matchAll(/^id: 1\.(\d+)\n(?=data: \{"id":"[0-9a-f-]+-\d+","line)/gm)];
    expect(received.map(([, number]) => Number(number))).toEqual(
      Array.from({ length: images }, (_, index) => index + 1),
    );
    expect(slow.received).toContain('event: end');
  });

  it('make calls wait for the end where they prefer that', async () => {
    const images = await heldImages(1);
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', [images.origin.url('/quick.jpg')]]])]), 'products.csv');
    const upload = await fetch(`${app.client.url}/upload`, {
      ...{ method: 'POST', body: form, headers: { prefer: 'respond-async, wait=60' } },
    });
    const open = await app.client.accepted(csvOf([['Mug', images.urls]]));
    const short = await app.client.get(`/requests/${open}`, { prefer: 'wait=1' });
    const whole = app.client.get(`/requests/${open}`, { prefer: 'wait=60' });
    images.releaseAll();
    const odd = await app.client.get(`/requests/${open}`, { prefer: 'wait=long' });

    expect(await upload.json()).toEqual({ request_id: expect.any(String) });
    expect(upload.headers.get('x-request-status')).toBe('Completed');
    expect(short.json).toMatchObject({ is_final: false });
    expect(short.headers.get('preference-applied')).toBe('wait=1');
    expect((await whole).json).toMatchObject({ is_final: true, outcome: 'succeeded' });
    expect((await whole).headers.get('x-request-status')).toBe('Completed');
    expect([odd.status, odd.json.code]).toEqual([400, 'INVALID_PARAMETER']);
    await images.origin.close();
  });
});

describeOnEachEngine('a service that stops', (engine) => {
  it('answers the calls that wait, and ends streams without the end of the request', async () => {
    const installation = await engine.install();
    const app = await startApp(installation);
    const images = await heldImages(1);
    const id = await app.client.accepted(csvOf([['Mug', images.urls]]));
    const stream = await EventStream.open(`${app.client.url}/requests/${id}/events`);
    await until(() => stream.of('request').at(-1)?.data.counts.processing === 1);
    const waiting = app.client.get(`/requests/${id}`, { prefer: 'wait=60' });
    const listeners = app.nest.get(LiveListeners, { strict: false }) as unknown as { count: number };
    await until(() => listeners.count === 2);

    const closed = app.close();
    const late = app.client.get(`/requests/${id}`, { prefer: 'wait=60' });
    const answers = [await waiting, await late];
    images.releaseAll();
    await closed;

    for (const { status, json, headers } of answers)
      expect([status, json.is_final, headers.get('x-request-status')]).toEqual([200, false, 'Processing']);
    await stream.ended();
    expect(stream.of('end')).toEqual([]);
    await images.origin.close();
    await installation.remove();
  });
});

describeOnEachEngine('a service with few connections', (engine) => {
  it('keeps half of them for calls that do not listen', async () => {
    const installation = await engine.install();
    const app = await startApp(installation, { MAX_CONNECTIONS: '8' });
    const images = await heldImages(1);
    const id = await app.client.accepted(csvOf([['Mug', images.urls]]));
    const streams: EventStream[] = [];
    for (let count = 0; count < 4; count++)
      streams.push(await EventStream.open(`${app.client.url}/requests/${id}/events`));
    const refused = await app.client.get(`/requests/${id}/events`);
    streams[0].cut();
    let next: EventStream;
    await until(async () => {
      next = await EventStream.open(`${app.client.url}/requests/${id}/events`);
      return next.status === 200;
    });
    images.releaseAll();
    await next!.ended();
    await app.close();
    await images.origin.close();
    await installation.remove();

    expect([refused.status, refused.json.code]).toEqual([503, 'TOO_MANY_LISTENERS']);
    expect(refused.headers.get('retry-after')).toBe('5');
  });
});

describeOnServers('live events while processes come and go', (engine) => {
  it('come from any API process, and go on at another one when that is killed', async () => {
    const installation = await engine.install();
    const environment = { ...installation.environment, ALLOW_PRIVATE: '127.0.0.1', PORT: '0' };
    const images = await heldImages(8);
    const worker = await Service.start({ ...environment, MODE: 'worker' });
    const [one, other] = await Promise.all([
      Service.start({ ...environment, MODE: 'api' }),
      Service.start({ ...environment, MODE: 'api' }),
    ]);
    const id = await one.client.accepted(csvOf([['Mug', images.urls]]));
    const first = await EventStream.open(`${other.client.url}/requests/${id}/events`);
    await until(() => first.of('request').length > 0);
    await images.release(4);
    await until(() => first.of('image').length >= 2);
    await other.kill();
    await images.release(2);
    const second = await EventStream.open(`${one.client.url}/requests/${id}/events`, first.lastId);
    images.releaseAll();
    await second.ended();
    await Promise.all([worker.stop(), one.stop()]);
    await images.origin.close();
    await installation.remove();

    const ids = [...first.of('image'), ...second.of('image')].map(({ id: eventId }) => eventId);
    expect(ids).toEqual(Array.from({ length: 8 }, (_, index) => `1.${index + 1}`));
    expect(second.events.at(-1)).toMatchObject({ event: 'end', data: { outcome: 'succeeded' } });
  });
});
