import sharp from 'sharp';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { type ImageOrigin, serveImages } from '../helpers/servers/image-origin.js';

const IMAGES = 1000;
const ROWS = 100;
/** Every so many-th is another picture in the second edition of the catalogue. */
const CHANGED_EVERY = 100;

interface Image {
  output_url: string;
  download: { how: string };
  milliseconds: number;
}

describeOnEachEngine('a catalogue that is uploaded again', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let edition = 1;

  /** What is behind a number: a picture of one colour and one stripe, another one for each number and edition. */
  const pictureOf = (number: number) => {
    const version = number % CHANGED_EVERY === 0 ? edition : 1;
    const colours = Buffer.alloc(16 * 16 * 3, number % 251);
    colours.fill(Math.floor(number / 251) + version * 10, 0, 96);
    const picture = sharp(colours, { raw: { width: 16, height: 16, channels: 3 } });
    return { tag: `"${number}-${version}"`, bytes: () => picture.jpeg({ quality: 95 }).toBuffer() };
  };

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const numbers = Array.from({ length: IMAGES }, (_, number) => number);
    origin = await serveImages(
      Object.fromEntries(
        numbers.map((number) => [
          `/${number}.jpg`,
          (request, response) => {
            const { tag, bytes } = pictureOf(number);
            if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
            else void bytes().then((data) => response.writeHead(200, { etag: tag }).end(data));
          },
        ]),
      ),
    );
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const catalogue = () =>
    csvOf(
      Array.from({ length: ROWS }, (_, row) => [
        `Product ${row}`,
        Array.from({ length: IMAGES / ROWS }, (_, place) =>
          origin.url(`/${row * (IMAGES / ROWS) + place}.jpg`),
        ),
      ]),
    );
  const uploaded = async () => {
    const id = await app.client.accepted(catalogue());
    await app.client.completed(id);
    const images = (await app.client.images(id)) as unknown as Image[];
    return { images, request: (await app.client.get(`/requests/${id}`)).json };
  };

  it('is asked for, compressed where it has changed, and has the same results but for those', async () => {
    const first = await uploaded();
    edition = 2;
    const second = await uploaded();

    const changed = second.images.flatMap(({ output_url }, number) =>
      output_url === first.images[number].output_url ? [] : [number],
    );
    expect(first.request.counts.done).toBe(IMAGES);
    expect(changed).toEqual(Array.from({ length: IMAGES / CHANGED_EVERY }, (_, i) => i * CHANGED_EVERY));
    expect(second.request.reused).toBe(IMAGES - changed.length);
    const fetched = second.images.flatMap(({ download }, number) =>
      download.how === 'fetched' ? [number] : [],
    );
    expect(fetched).toEqual(changed);
    expect(new Set(Object.values(origin.hits))).toEqual(new Set([2])); // each was asked for once in each edition
  });
});
