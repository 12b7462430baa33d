import { FileStorage } from '../../src/storage/file-storage.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

describeOnEachEngine('the address of a result', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({ '/lamp.jpg': await photo(400, 300, 2) });
  });
  afterAll(async () => {
    await origin.close();
    await app.close();
    await installation.remove();
  });

  it('answers a browser that has the image already with 304', async () => {
    const id = await app.client.accepted(csvOf([['Lamp', [origin.url('/lamp.jpg')]]]));
    await app.client.completed(id);
    const [{ output_url: url }] = await app.client.images(id);
    const etag = (await fetch(url)).headers.get('etag')!;

    const opened = jest.spyOn(app.nest.get(FileStorage), 'open');
    const again = await fetch(url, { headers: { 'if-none-match': `"other", W/${etag}` } });
    const head = await fetch(url, { method: 'HEAD' });

    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(
      String((await (await fetch(url)).arrayBuffer()).byteLength),
    );
    expect(opened).toHaveBeenCalledTimes(1); // for the last call alone: neither a 304 nor a HEAD opens the file
    opened.mockRestore();
    for (const none of [
      url.replace(/[0-9a-f]{32}/, '0123456789abcdef0123456789abcdef'),
      url.replace('image.jpg', 'Picture.jpg'),
      url.replace('image.jpg', 'image.png'),
    ])
      expect((await fetch(none, { headers: { 'if-none-match': '*' } })).status).toBe(404);
  });

  it('sends parts of an image', async () => {
    const id = await app.client.accepted(csvOf([['Lamp', [origin.url('/lamp.jpg')]]]));
    await app.client.completed(id);
    const [{ output_url: url }] = await app.client.images(id);
    const whole = await fetch(url);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const part = async (headers: Record<string, string>) => {
      const answer = await fetch(url, { headers });
      const sent = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, range: answer.headers.get('content-range'), sent };
    };
    const total = bytes.length;

    expect(whole.headers.get('accept-ranges')).toBe('bytes');
    expect(await part({ range: 'bytes=2-5' })).toEqual({
      status: 206,
      range: `bytes 2-5/${total}`,
      sent: bytes.subarray(2, 6),
    });
    expect(await part({ range: 'bytes=-3' })).toMatchObject({ status: 206, sent: bytes.subarray(-3) });
    expect(await part({ range: `bytes=${total}-` })).toMatchObject({
      status: 416,
      range: `bytes */${total}`,
    });
    const tag = whole.headers.get('etag')!;
    expect(await part({ range: 'bytes=0-0', 'if-range': tag })).toMatchObject({ status: 206 });
    const other = await part({ range: 'bytes=0-0', 'if-range': '"another"' });
    expect(other.status).toBe(200);
    expect(other.sent.equals(bytes)).toBe(true);
  });
});
