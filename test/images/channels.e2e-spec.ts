import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import {
  canonicalOptions,
  type CompressionOptions,
  toCompressionOptions,
} from '../../src/compression/options.js';
import { judge } from '../../src/requests/channels/channel-check.js';
import { withChannel } from '../../src/requests/channels/channel-fields.js';
import { CHANNEL_NAMES, type ChannelName, CHANNELS } from '../../src/requests/channels/channel-list.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { compressImage } from '../helpers/pictures/compress.js';
import { packshot } from '../helpers/pictures/pictures.js';
import { findPillow, type Seen, seeWithPillow } from '../helpers/pictures/pillow.js';
import { type ImageOrigin, serveImages } from '../helpers/servers/image-origin.js';

const python = findPillow();
const WHITE = [255, 255, 255];
/** Whose packshots lie on white with some air around them. */
const ON_WHITE: ChannelName[] = ['amazon', 'google', 'walmart', 'otto'];

const sources = async (): Promise<Record<string, Buffer>> => ({
  bordered: await packshot(900, 1500, 80).jpeg({ quality: 95 }).toBuffer(),
  small: await packshot(200, 150, 10).png().toBuffer(),
  transparent: await sharp(await packshot(900, 1500, 0).png().toBuffer())
    .ensureAlpha()
    .extend({ top: 50, bottom: 90, left: 50, right: 50, background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .png()
    .toBuffer(),
  cmyk: await packshot(900, 1500, 80).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
});

(python || process.env.CI ? describe : describe.skip)('pictures for channels, as Pillow sees them', () => {
  let folder: string;
  let pictures: Record<string, Buffer>;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'channels-'));
    pictures = await sources();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(CHANNELS.map((channel) => [channel.name, channel] as const))(
    'are right for %s',
    async (name, channel) => {
      const options = toCompressionOptions(withChannel({ for: name }), 50);
      const demanded = (rule: string) => channel.demands.find((demand) => demand.rule === rule)?.value;
      for (const [source, bytes] of Object.entries(pictures)) {
        const { data, output, report, input } = await compressImage(bytes, {
          ...options,
          maxPixels: 50_000_000,
        });
        const file = path.join(folder, `${name}-${source}`);
        writeFileSync(file, data);
        const [{ error, ...seen }] = seeWithPillow(python!, [file]) as [Seen & { error?: string }];

        expect({ source, error }).toEqual({ source, error: undefined });
        expect([seen.width, seen.height, seen.format]).toEqual([output.width, output.height, output.format]);
        expect(String(demanded('formats')).split(',')).toContain(seen.format);
        expect(data.length).toBeLessThanOrEqual(Number(demanded('max_bytes') ?? Infinity));
        expect(seen.width).toBeLessThanOrEqual(channel.fields.max_width!);
        if (name !== 'web') expect(report.quality ?? 100).toBeGreaterThanOrEqual(90);
        // What is seen of the product is never larger than it was.
        expect(Math.max(...seen.dark!)).toBeLessThanOrEqual(Math.max(input.width, input.height));
        if (ON_WHITE.includes(name)) {
          expect({ source, corners: seen.corners }).toEqual({
            source,
            corners: [WHITE, WHITE, WHITE, WHITE],
          });
          const fill = Math.max(seen.dark![0] / seen.width, seen.dark![1] / seen.height);
          expect(fill).toBeGreaterThanOrEqual(source === 'cmyk' ? 0.82 : 0.845); // a JPEG has a little beside the product
        }
        const judged = { ...output, quality: report.quality, notes: report.notes.join(',') };
        const { fits, broken_rules } = judge(name, judged, 'https://i.example/0/image.jpg');
        const isSmall = source === 'small' && name !== 'web';
        expect({ source, fits, broken: broken_rules.map((rule) => rule.replace(/:.*/, '')) }).toEqual({
          source,
          fits: !isSmall,
          broken: isSmall ? expect.arrayContaining([expect.stringMatching(/^too_/)]) : [],
        });
      }
    },
  );
});

describe('the limit of a channel in bytes', () => {
  const SIDE = 2200;
  const [LIMIT, FLOOR] = [5_000_000, 90];

  /** Noise of two values: what is far from each other takes many bytes. */
  const noise = (dark: number, light: number) => {
    const pixels = Buffer.alloc(SIDE * SIDE * 3);
    for (let at = 0, seed = 1; at < pixels.length; at += 1) {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      pixels[at] = seed & 1024 ? light : dark;
    }
    return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
  };
  const asked = (quality: string) =>
    toCompressionOptions(withChannel({ for: 'walmart', quality, trim: 'false', fill: 100 }), 50);
  const made = async (source: Buffer, options: CompressionOptions) => {
    const { data, output, report } = await compressImage(source, {
      ...options,
      maxPixels: 50_000_000,
    });
    const judged = { ...output, quality: report.quality, notes: report.notes.join(',') };
    return { data, quality: report.quality, ...judge('walmart', judged, 'https://i.example/0/image.jpg') };
  };

  it('is kept by a lower quality, down to the floor and no lower', async () => {
    const unbounded = await made(await noise(100, 160), { ...asked('99'), limit: null });
    const bounded = await made(await noise(100, 160), asked('99'));

    expect(unbounded).toMatchObject({ quality: 99, fits: false });
    expect(bounded).toMatchObject({ fits: true, broken_rules: [] });
    expect(bounded.quality).toBeLessThan(99);
    expect(bounded.quality).toBeGreaterThanOrEqual(FLOOR);
    expect(bounded.data.length).toBeLessThanOrEqual(LIMIT);
    if (!python) return;
    const folder = mkdtempSync(path.join(tmpdir(), 'limit-'));
    writeFileSync(path.join(folder, 'bounded'), bounded.data);
    const [seen] = seeWithPillow(python, [path.join(folder, 'bounded')]);
    rmSync(folder, { recursive: true });
    expect(seen).toMatchObject({ format: 'jpeg', width: SIDE, height: SIDE });
  });

  it('is named as broken where only a lower one would keep it, and the image stays as it was asked for', async () => {
    // No picture of this size has so many bytes at the floor of this channel: with a lower limit some do.
    const options = { ...asked('95'), limit: { bytes: LIMIT * 0.8, minQuality: FLOOR } };
    const { quality, broken_rules, data } = await made(await noise(0, 255), options);

    expect(quality).toBe(95);
    expect(broken_rules).toEqual([`too_many_bytes: ${data.length} > ${LIMIT}`]);
  });

  it('is no part of options that leave nothing to take away, whose results are remembered', () => {
    expect(canonicalOptions(asked('90'))).not.toContain('limit');
    expect(canonicalOptions(asked('91'))).toContain(`"limit":{"bytes":${LIMIT},"minQuality":${FLOOR}}`);
    expect(toCompressionOptions(withChannel({ for: 'web', quality: '99' }), 50).limit).toBeNull();
  });
});

describe('channels', () => {
  it('never get a quality below their floor, nor a format that they do not take', () => {
    for (const name of CHANNEL_NAMES.filter((one) => one !== 'web')) {
      expect(() => withChannel({ for: name, quality: '50' })).toThrow(/quality/i);
      expect(() => withChannel({ for: name, quality: '90%' })).toThrow(/quality/i);
      expect(() => withChannel({ for: name, target: 'bytes:100' })).toThrow(/target/i);
      expect(withChannel({ for: name, quality: '95' }).quality).toBe('95');
      expect(withChannel({ for: name, format: 'keep' }).format).toBe('jpeg');
    }
    expect(() => withChannel({ for: 'zalando', format: 'png' })).toThrow(/format/i);
  });

  it('say where and when each of their numbers was read', () => {
    for (const { demands } of CHANNELS)
      for (const demand of demands)
        expect(demand).toMatchObject({
          source: expect.stringMatching(/\w{4}/),
          read: expect.stringMatching(/^20\d\d-\d\d$/),
          isConfirmed: expect.any(Boolean),
        });
  });
});

describeOnEachEngine('an upload for a channel', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const { small, bordered } = await sources();
    origin = await serveImages({ '/small.png': small, '/mug.jpg': bordered });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const upload = async (fields: Record<string, string>) => {
    const form = new FormData();
    const urls = ['/small.png', '/mug.jpg', '/gone.jpg'].map((url) => origin.url(url));
    form.append('file', new Blob([csvOf([['Mug', urls]])]), 'mugs.csv');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const response = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form });
    return { status: response.status, json: (await response.json()) as Record<string, string> };
  };

  it('says which images fit, and which rules the others break', async () => {
    const { json } = await upload({ for: 'amazon' });
    await app.client.completed(json.request_id);

    const request = await app.client.get(`/requests/${json.request_id}`);
    const [small, mug, gone] = await app.client.images(json.request_id);
    const errors = await app.client.get(`/requests/${json.request_id}/errors.csv`);

    expect(request.json.options).toMatchObject({ for: 'amazon', quality: 90, canvas: '1:1', fill: 85 });
    expect(small).toMatchObject({
      fits: false,
      broken_rules: [expect.stringMatching(/^too_small: \d+ < 500$/)],
    });
    expect(mug).toMatchObject({ fits: true, broken_rules: [], output: { format: 'jpeg' } });
    expect(mug.output.width).toBe(mug.output.height);
    expect(gone).toMatchObject({ status: 'failed', fits: null });
    expect(errors.text.split(/\r?\n/).slice(1, 3)).toEqual([
      expect.stringMatching(
        /,1,.*small\.png,DOES_NOT_FIT,amazon: too_small: \d+ < 500,false,1,Use a picture whose longer side has at least 500 pixels\./,
      ),
      expect.stringMatching(/,3,.*gone\.jpg,HTTP_404,/),
    ]);

    const rerun = await app.client.send('POST', `/requests/${json.request_id}/rerun`, { for: 'ebay' });
    expect(rerun.json.options).toMatchObject({ for: 'ebay', quality: 90, canvas: 'none', max_width: 1600 });
    const same = await app.client.send('POST', `/requests/${json.request_id}/rerun`, {});
    expect(same.json.options).toEqual(request.json.options);
    const bad = await app.client.send('POST', `/requests/${json.request_id}/rerun`, { quality: 50 });
    expect([bad.status, bad.json.code]).toEqual([400, 'INVALID_PARAMETER']);
    for (const { json: made } of [rerun, same]) await app.client.completed(made.id);
  });

  it.each<Record<string, string>>([
    { for: 'ebay', quality: '50' },
    { for: 'nowhere' },
    { for: 'amazon', background: '#ff0000' },
    { for: 'amazon', background: 'transparent', format: 'png' },
  ])('refuses what it does not take, also in a dry run: %j', async (fields) => {
    for (const answer of [await upload(fields), await upload({ ...fields, dry_run: 'true' })])
      expect([answer.status, answer.json.code]).toEqual([400, 'INVALID_PARAMETER']);
    const request = { products: [], options: fields };
    const { status, json } = await app.client.send('POST', '/requests', request);
    expect([status, json.code]).toEqual([400, 'INVALID_PARAMETER']);
  });

  it('is described for programs', async () => {
    const { json } = await app.client.get('/channels');

    expect(json.items.map(({ name }: { name: string }) => name)).toEqual([...CHANNEL_NAMES]);
    expect(json.items[1]).toMatchObject({ title: 'eBay', options: { quality: '90' } });
  });
});
