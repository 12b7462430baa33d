import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { csvOf } from '../helpers/app/client.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

describeOnEachEngine('answers that are not quite an image', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let picture: Buffer;
  /** Calls so far of a path that behaves differently each time. */
  let visits: number;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    picture = await photo(320, 240);
  });
  afterAll(async () => {
    await app.close();
    await installation.remove();
  });
  beforeEach(async () => {
    visits = 0;
    const half = picture.subarray(0, picture.length / 2);
    const withoutLength = (body: Buffer) =>
      Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\nETag: "1"\r\nContent-Type: image/jpeg\r\n\r\n'), body]);
    const cutAtFirst = (_: unknown, response: any) =>
      response.socket.end(withoutLength(visits++ === 0 ? half : picture));
    const cut = (_: unknown, response: any) => response.socket.end(withoutLength(half));
    const damaged = (_: unknown, response: any) =>
      response.writeHead(200, { 'content-length': half.length }).end(half);
    const html = (_: unknown, response: any) =>
      response
        .writeHead(200, { 'content-type': 'image/jpeg' })
        .end('\ufeff\n<!doctype html><title>Log in</title>');
    const json = (_: unknown, response: any) => response.end('{"error": "denied"}');
    const xml = (_: unknown, response: any) =>
      response.end('<?xml version="1.0"?>\n<Error><Code>x</Code></Error>');
    const text = (_: unknown, response: any) => response.end('hello');
    origin = await serveImages({
      ...{ '/cut-at-first.jpg': cutAtFirst, '/cut.jpg': cut, '/damaged.jpg': damaged },
      ...{ '/page.jpg': html, '/data.jpg': json, '/xml.jpg': xml, '/text.jpg': text },
    });
  });
  afterEach(() => origin.close());

  const imageOf = async (path: string) => {
    const { json } = await app.client.upload(csvOf([['Mug', [origin.url(path)]]]));
    const { request_id: id } = json as { request_id: string };
    await app.client.completed(id);
    return ((await app.client.get(`/requests/${id}/images`)).json as any).items[0];
  };

  it('are fetched once more where a body without a known end was cut, and not remembered', async () => {
    expect(await imageOf('/cut-at-first.jpg')).toMatchObject({ status: 'done', attempts: 1 });
    expect(origin.hits['/cut-at-first.jpg']).toBe(2);

    expect(await imageOf('/cut-at-first.jpg')).toMatchObject({
      status: 'done',
      download: { how: 'fetched' },
    });
  });

  it('are damaged images where they come cut again', async () => {
    expect(await imageOf('/cut.jpg')).toMatchObject({ status: 'failed', error: { code: 'IMAGE_CORRUPT' } });
    expect(origin.hits['/cut.jpg']).toBe(2);
  });

  it('are damaged images at once where the server said where they end', async () => {
    expect(await imageOf('/damaged.jpg')).toMatchObject({
      status: 'failed',
      error: { code: 'IMAGE_CORRUPT' },
    });
    expect(origin.hits['/damaged.jpg']).toBe(1);
  });

  it.each([
    ['/page.jpg', 'The server sent a web page in place of an image; is the link public?'],
    ['/data.jpg', 'The server sent JSON in place of an image; is the link public?'],
    ['/xml.jpg', 'The server sent XML in place of an image; is the link public?'],
    ['/text.jpg', 'This is not an image.'],
  ])('are named for what they are: %s', async (path, message) => {
    expect(await imageOf(path)).toMatchObject({ status: 'failed', error: { code: 'NOT_AN_IMAGE', message } });
  });
});
