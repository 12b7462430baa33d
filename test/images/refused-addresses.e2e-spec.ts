import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { ImageClaims } from '../../src/images/scheduling/image-claims.js';
import { ImageSettlement } from '../../src/images/scheduling/image-settlement.js';
import { FileDownloader } from '../../src/outbound/download/file-downloader.js';

const REFUSED = 2_000;
const MAX_AT_ONCE = 256;

describeOnEachEngine('images whose addresses are refused by their spelling', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({ '/mug.jpg': await photo(120, 80) });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const refused = (index: number) => `http://10.0.${index >> 8}.${index & 255}/${index}.jpg`;

  it('are settled in batches, without a claim or a call for each', async () => {
    const failed = jest.spyOn(app.nest.get(ImageSettlement), 'failUnclaimed');
    const claimed = jest.spyOn(app.nest.get(ImageClaims), 'claim');
    const fetched = jest.spyOn(app.nest.get(FileDownloader), 'downloadUnless');
    const urls = Array.from({ length: REFUSED }, (_, index) => [refused(index)]);

    const id = await app.client.accepted(
      csvOf([...urls, [origin.url('/mug.jpg')]].map((each) => ['Mug', each])),
    );
    await app.client.completed(id);

    const sizes = failed.mock.calls.map(([, failures]) => failures.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(REFUSED);
    expect(Math.max(...sizes)).toBe(MAX_AT_ONCE);
    expect(sizes.length).toBeLessThanOrEqual(Math.ceil(REFUSED / MAX_AT_ONCE) + 1);
    const claims = await Promise.all(claimed.mock.results.map(({ value }) => value));
    expect([claims.flat().length, fetched.mock.calls.length]).toEqual([1, 1]);
    const { json } = await app.client.get(`/requests/${id}`);
    expect(json).toMatchObject({ outcome: 'partial', counts: { done: 1, failed: REFUSED } });
    expect(json.started_at).not.toBeNull();
    const [image] = await app.client.images(id);
    expect(image).toMatchObject({ status: 'failed', attempts: 0, download: null });
    expect(image.error).toEqual({
      code: 'ADDRESS_REFUSED',
      message: expect.stringContaining('The host is not on the public internet'),
      retryable: false,
    });
  });

  it('let everything else have its turn between two batches', async () => {
    let round = 0;
    let isOver = false;
    const countRound = () => {
      round++;
      if (!isOver) setImmediate(countRound);
    };
    const batches = new Map<number, number>();
    const settlement = app.nest.get(ImageSettlement);
    const fail = settlement.failUnclaimed.bind(settlement);
    jest.spyOn(settlement, 'failUnclaimed').mockImplementation((key, failures) => {
      batches.set(round, (batches.get(round) ?? 0) + 1);
      return fail(key, failures);
    });
    countRound();

    const urls = Array.from({ length: REFUSED }, (_, index): [string, string[]] => ['Mug', [refused(index)]]);
    await app.client.completed(await app.client.accepted(csvOf(urls)));
    isOver = true;

    expect(batches.size).toBeGreaterThan(1);
    expect(Math.max(...batches.values())).toBe(1);
  });

  it('settle the cells that repeat them, and refused ports', async () => {
    const twice = ['http://192.168.0.1/a.jpg', 'http://192.168.0.1/a.jpg'];
    const port = 'http://93.184.216.34:25/a.jpg';

    const id = await app.client.accepted(
      csvOf([
        ['Mug', [...twice, port]],
        ['Lamp', [twice[0]]],
      ]),
    );
    await app.client.completed(id);

    const images = await app.client.images(id);
    expect(images.map(({ status, error }) => [status, error.code, error.message])).toEqual([
      ['failed', 'ADDRESS_REFUSED', expect.stringContaining('The host is not on the public internet')],
      ['failed', 'ADDRESS_REFUSED', expect.stringContaining('The host is not on the public internet')],
      ['failed', 'ADDRESS_REFUSED', expect.stringContaining('Port 25 is refused')],
      ['failed', 'ADDRESS_REFUSED', expect.stringContaining('The host is not on the public internet')],
    ]);
    expect((await app.client.get(`/requests/${id}`)).json).toMatchObject({
      outcome: 'failed',
      counts: { done: 0, failed: 4 },
    });
  });
});
