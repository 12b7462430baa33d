import Papa from 'papaparse';
import sharp from 'sharp';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describeOnEachEngine('the main job', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let flaky = 0;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({
      '/mug.jpg': await photo(640, 480),
      '/lamp.jpg': await photo(400, 300, 2),
      '/sideways.jpg': await sharp(await photo(320, 200, 3))
        .withMetadata({ orientation: 6 })
        .jpeg({ quality: 95 })
        .toBuffer(),
      '/logo.png': await sharp(await photo(300, 200, 4))
        .png()
        .toBuffer(),
      '/tiny.png': await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
      '/page.jpg': Buffer.from('<!DOCTYPE html><title>Not found</title>'),
      '/broken.jpg': (await photo(640, 480)).subarray(0, 9000),
      '/gone.jpg': 404,
      '/flaky.jpg': (_request, response) => {
        if (++flaky === 1) response.writeHead(503).end();
        else void photo(200, 200, 5).then((bytes) => response.end(bytes));
      },
    });
  });
  afterAll(async () => {
    await origin.close();
    await app.close();
    await installation.remove();
  });

  it('takes a CSV and gives it back with the URLs of compressed images', async () => {
    const input = csvOf([
      ['Mug', [origin.url('/mug.jpg'), origin.url('/lamp.jpg')]],
      ['Lamp', [origin.url('/sideways.jpg')]],
      ['Logo, large', [origin.url('/logo.png')]].map((cell, index) =>
        index === 0 ? '"Logo, large"' : cell,
      ) as [string, string[]],
    ]);

    const upload = await app.client.upload(input);
    expect(upload.status).toBe(200);
    expect(Object.keys(upload.json)).toEqual(['request_id']);
    const id = upload.json.request_id;
    expect(id).toMatch(UUID);
    expect(upload.headers.get('location')).toBe(`/requests/${id}`);
    await app.client.completed(id);

    const output = await app.client.get(`/requests/${id}/output.csv`);
    expect(output.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(output.headers.get('content-disposition')).toBe('attachment; filename="products-output.csv"');
    expect(output.headers.get('x-request-status')).toBe('Completed');
    const rows = Papa.parse<string[]>(output.text.trim()).data;
    expect(rows.map((row) => row.slice(0, 3))).toEqual(Papa.parse<string[]>(input.trim()).data);
    expect(rows[0]).toEqual(['S. No.', 'Product Name', 'Input Image Urls', 'Output Image Urls']);

    const sources = [['/mug.jpg', '/lamp.jpg'], ['/sideways.jpg'], ['/logo.png']];
    for (const [index, [, , , outputUrls]] of rows.slice(1).entries()) {
      const urls = outputUrls.split(',');
      expect(urls).toHaveLength(sources[index].length);
      for (const [position, url] of urls.entries()) await expectCompressed(url, sources[index][position]);
    }
  });

  async function expectCompressed(outputUrl: string, source: string): Promise<void> {
    const original = Buffer.from(await (await fetch(origin.url(source))).arrayBuffer());
    const response = await fetch(outputUrl);
    const compressed = Buffer.from(await response.arrayBuffer());
    const [before, after] = [await sharp(original).metadata(), await sharp(compressed).metadata()];

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(`image/${before.format}`);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(after.format).toBe(before.format);
    expect([after.autoOrient.width, after.autoOrient.height]).toEqual([
      before.autoOrient.width,
      before.autoOrient.height,
    ]);
    expect(compressed.length).toBeLessThan(original.length * 0.7);
    await sharp(compressed).raw().toBuffer(); // it decodes
  }

  it('describes the request with counts, progress, bytes and times', async () => {
    const id = await app.client.accepted(csvOf([['Mug', [origin.url('/mug.jpg'), origin.url('/gone.jpg')]]]));
    await app.client.completed(id);

    const { json } = await app.client.get(`/requests/${id}`);

    expect(json).toEqual({
      id,
      status: 'Completed',
      outcome: 'partial',
      run: 1,
      is_final: true,
      name: 'products',
      file_name: 'products.csv',
      labels: {},
      created_at: expect.stringMatching(/Z$/),
      started_at: expect.stringMatching(/Z$/),
      completed_at: expect.stringMatching(/Z$/),
      counts: { products: 1, images: 2, pending: 0, processing: 0, done: 1, failed: 1, cancelled: 0 },
      progress: 1,
      seconds_left: 0,
      bytes: {
        ...{ input: expect.any(Number), output: expect.any(Number), renditions: 0 },
        saved_percent: expect.any(Number),
      },
      keep_sources: 0,
      image_name: null,
      urls: 'added',
      renditions: [],
      reused: expect.any(Number),
      faults: 0,
      rows_without_images: 0,
      warnings: { total: 0, items: [] },
      options: {
        quality: 50,
        target: null,
        format: 'keep',
        max_width: null,
        max_height: null,
        effort: 'balanced',
        metadata: 'none',
        measure: 'none',
        for: null,
        canvas: 'none',
        background: null,
        fill: null,
        trim: false,
        enlarge: false,
      },
      links: {
        self: `${app.client.url}/requests/${id}`,
        images: `${app.client.url}/requests/${id}/images`,
        hosts: `${app.client.url}/requests/${id}/hosts`,
        output_csv: `${app.client.url}/requests/${id}/output.csv`,
        output_xlsx: null,
        errors_csv: `${app.client.url}/requests/${id}/errors.csv`,
        images_zip: `${app.client.url}/requests/${id}/images.zip`,
        renditions_csv: `${app.client.url}/requests/${id}/renditions.csv`,
        webhooks: `${app.client.url}/requests/${id}/webhooks`,
        events: `${app.client.url}/requests/${id}/events`,
      },
    });
    const times = [json.created_at, json.started_at, json.completed_at].map(Date.parse);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.abs(times[0] - Date.now())).toBeLessThan(60_000);
    expect(json.bytes.saved_percent).toBeGreaterThan(30);
  });

  it('fails the images that can not be had, each with its code, and goes on with the others', async () => {
    const paths = ['/gone.jpg', '/page.jpg', '/broken.jpg', '/mug.jpg', '/tiny.png'];
    const elsewhere = ['http://10.0.0.1/a.jpg', 'http://127.0.0.2:1/a.jpg'];
    const id = await app.client.accepted(csvOf([['Mixed', [...paths.map(origin.url), ...elsewhere]]]));
    await app.client.completed(id);

    const images = await app.client.images(id);

    expect(images.map((image) => image.error?.code ?? image.outcome)).toEqual([
      'HTTP_404',
      'NOT_AN_IMAGE',
      'IMAGE_CORRUPT',
      'compressed',
      'kept_original',
      'ADDRESS_REFUSED',
      'ADDRESS_REFUSED',
    ]);
    const { text } = await app.client.get(`/requests/${id}/output.csv`);
    const [cell] = Papa.parse<string[]>(text).data[1].slice(-1);
    expect(cell.split(',').map((url) => url !== '')).toEqual([false, false, false, true, true, false, false]);
  });

  it('tries a 503 again but not a 404', async () => {
    const goneBefore = origin.hits['/gone.jpg'] ?? 0;
    const id = await app.client.accepted(
      csvOf([['Flaky', [origin.url('/flaky.jpg'), origin.url('/gone.jpg')]]]),
    );
    await app.client.completed(id);

    const images = await app.client.images(id);

    expect(images.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['done', 2],
      ['failed', 1],
    ]);
    expect(images[0].error).toBeNull();
    expect(origin.hits['/flaky.jpg']).toBe(2);
    expect(origin.hits['/gone.jpg']).toBe(goneBefore + 1);
  });

  it('finishes a small request while another waits for a host that hangs', async () => {
    let open = 0;
    let mostOpen = 0;
    const hanging = await serveImages({
      '/hang.jpg': (_request, response) => {
        mostOpen = Math.max(mostOpen, ++open);
        response.once('close', () => open--);
      },
    });
    const urls = Array.from({ length: 200 }, (_, image) => `${hanging.url('/hang.jpg')}?${image}`);
    const slow = await app.client.accepted(csvOf([['Slow', urls]]));
    await until(() => open === 5);

    const quick = await app.client.accepted(csvOf([['Quick', [origin.url('/mug.jpg')]]]));
    await app.client.completed(quick);

    expect(mostOpen).toBe(5); // a server that has never answered gets no more at once
    expect(hanging.hits['/hang.jpg']).toBeLessThan(urls.length / 2);
    expect((await app.client.get(`/status/${slow}`)).json).toEqual({ status: 'Processing' });
    await hanging.close();
  });

  it('completes with the outcome failed where no image could be had', async () => {
    const id = await app.client.accepted(csvOf([['Gone', [origin.url('/gone.jpg')]]]));
    await app.client.completed(id);

    const { json } = await app.client.get(`/requests/${id}`);

    expect(json).toMatchObject({
      status: 'Completed',
      outcome: 'failed',
      bytes: { input: 0, output: 0, renditions: 0, saved_percent: 0 },
    });
  });

  it('gives the images in pages, in the order of the file, by state', async () => {
    const rows = [1, 2, 3].map((row): [string, string[]] => [
      `Row ${row}`,
      [origin.url(`/lamp.jpg?row=${row}`), origin.url('/gone.jpg')],
    ]);
    const id = await app.client.accepted(csvOf(rows));
    await app.client.completed(id);

    const first = await app.client.get(`/requests/${id}/images?limit=4`);
    const second = await app.client.get(`/requests/${id}/images?limit=4&cursor=${first.json.next_cursor}`);
    const failed = await app.client.get(`/requests/${id}/images?status=failed`);

    const places = [...first.json.items, ...second.json.items].map((item) => [
      item.line,
      item.product_name,
      item.position,
    ]);
    expect(places).toEqual(
      [1, 2, 3].flatMap((row) => [1, 2].map((position) => [row + 1, `Row ${row}`, position])),
    );
    expect(second.json.next_cursor).toBeNull();
    expect(failed.json.items.map((item: any) => item.position)).toEqual([2, 2, 2]);
    expect(first.json.items[0]).toEqual({
      id: expect.any(String),
      line: 2,
      serial_number: '1',
      product_name: 'Row 1',
      position: 1,
      input_url: origin.url('/lamp.jpg?row=1'),
      file_url: null,
      output_url: expect.stringMatching(new RegExp(`^${app.client.url}/images/[0-9a-f]{32}/image\\.jpg$`)),
      status: 'done',
      outcome: 'compressed',
      error: null,
      attempts: 1,
      download: { how: 'fetched', milliseconds: expect.any(Number) },
      input: { bytes: expect.any(Number), format: 'jpeg', width: 400, height: 300 },
      output: { bytes: expect.any(Number), format: 'jpeg', width: 400, height: 300 },
      quality: 50,
      similarity: null,
      milliseconds: expect.any(Number),
      notes: [],
      fits: null,
      broken_rules: [],
      outputs: [expect.objectContaining({ rendition: 'image', format: 'jpeg', width: 400, quality: 50 })],
      redo: null,
    });
  });

  it('keeps every row, duplicates and names in any script included', async () => {
    const url = origin.url('/lamp.jpg');
    const id = await app.client.accepted(
      `S. No.,Product Name,Input Image Urls\r\n7,Стул 椅子 🪑,${url}\r\n7,Стул 椅子 🪑,"${url},${url}"\r\n`,
    );
    await app.client.completed(id);

    const { text } = await app.client.get(`/requests/${id}/output.csv`);

    const images = await app.client.images(id);
    const [a, b, c] = images.map((image) => image.output_url);
    expect(text).toBe(
      'S. No.,Product Name,Input Image Urls,Output Image Urls\r\n' +
        `7,Стул 椅子 🪑,${url},${a}\r\n7,Стул 椅子 🪑,"${url},${url}","${b},${c}"\r\n`,
    );
  });

  it('goes through a request that is larger than its window in the queue', async () => {
    const small = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'blue' } })
      .png()
      .toBuffer();
    const many = await serveImages(
      Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`/${index}.png`, small])),
    );
    const rows = Array.from({ length: 300 }, (_, row): [string, string[]] => [
      `Row ${row}`,
      [0, 1, 2].map((image) => many.url(`/${3 * row + image}.png`)),
    ]);

    const id = await app.client.accepted(csvOf(rows));
    await app.client.completed(id);

    const { json } = await app.client.get(`/requests/${id}`);
    expect(json.counts).toEqual({
      products: 300,
      images: 900,
      pending: 0,
      processing: 0,
      done: 900,
      failed: 0,
      cancelled: 0,
    });
    expect(Object.values(many.hits)).toEqual(Array(900).fill(1));
    await many.close();
  });
});
