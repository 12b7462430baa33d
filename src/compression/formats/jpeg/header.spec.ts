import fc from 'fast-check';
import type { Sharp } from 'sharp';
import { photo } from '../../../../test/helpers/pictures/pictures.js';
import { toCompressionOptions } from '../../options.js';
import { compressImage } from '../../../../test/helpers/pictures/compress.js';
import { openImage } from '../../libvips.js';
import { readPlainJpeg } from './header.js';
import { propertyRuns } from '../../../../test/helpers/property-runs.js';

/** Headers with a changed byte that are tried; a hundred thousand take some minutes. */
const RUNS = propertyRuns(1_000);

const OPTIONS = { ...toCompressionOptions({ effort: 'fast' }, 50), maxPixels: 50_000_000 };

const picture = (): Sharp => photo(64, 40);

const PLAIN: [string, Sharp][] = [
  ['baseline', picture().jpeg()],
  ['progressive', picture().jpeg({ progressive: true })],
  ['of the lowest quality', picture().jpeg({ quality: 1 })],
  ['with colours at full resolution', picture().jpeg({ chromaSubsampling: '4:4:4' })],
  ['grey', picture().toColourspace('b-w').jpeg()],
  ['grey and progressive', picture().toColourspace('b-w').jpeg({ progressive: true })],
  ['of one pixel', picture().resize(1, 1).jpeg()],
  ['with a profile', picture().withIccProfile('p3').jpeg()],
];
const OTHERS: [string, Sharp][] = [
  ['turned', picture().withMetadata({ orientation: 6 }).jpeg()],
  [
    'with EXIF',
    picture()
      .withExif({ IFD0: { Artist: 'A. Maker' } })
      .jpeg(),
  ],
  ['with XMP', picture().withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>').jpeg()],
  ['for print', picture().toColourspace('cmyk').jpeg()],
  ['that is no JPEG', picture().png()],
];

describe('readPlainJpeg', () => {
  it.each(PLAIN)('says of a JPEG %s what libvips says', async (_, pipeline) => {
    const source = await pipeline.toBuffer();

    expect(factsOf(readPlainJpeg(source)!)).toEqual(await askLibvips(source));
  });

  it('counts one whose colours come in scans of their own as progressive, as libvips does', async () => {
    const source = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer();
    const scan = source.indexOf(Buffer.from([0xff, 0xda]));
    const ofOneColour = Buffer.from('ffda' + '0008' + '01' + '0100' + '003f00', 'hex');
    const scans = Buffer.concat([source.subarray(0, scan), ofOneColour, source.subarray(scan + 14)]);

    expect(readPlainJpeg(scans)!.isProgressive).toBe(true);
    expect(factsOf(readPlainJpeg(scans)!)).toEqual(await askLibvips(scans));
  });

  it.each(OTHERS)('leaves an image %s to libvips', async (_, pipeline) => {
    expect(readPlainJpeg(await pipeline.toBuffer())).toBeUndefined();
  });

  it('leaves a profile in parts to libvips', async () => {
    const source = await picture().withIccProfile('p3').jpeg().toBuffer();
    const count = source.indexOf('ICC_PROFILE') + 13;
    expect(source[count]).toBe(1);
    source[count] = 2;

    expect(readPlainJpeg(source)).toBeUndefined();
  });

  it('leaves a file that is cut off in its header to libvips', async () => {
    const source = await picture().jpeg().toBuffer();
    const pixels = source.indexOf(Buffer.from([0xff, 0xda])) + 14;

    for (let bytes = 0; bytes < pixels; bytes += 1) {
      expect(readPlainJpeg(source.subarray(0, bytes))).toBeUndefined();
    }
    expect(readPlainJpeg(source.subarray(0, pixels))).toBeDefined();
  });

  it('never says anything else than libvips, whatever bytes of the header are changed', async () => {
    const sources = await Promise.all(PLAIN.map(([, pipeline]) => pipeline.clone().toBuffer()));
    const change = fc.tuple(fc.nat(), fc.oneof(fc.integer({ min: 0xc0, max: 0xff }), fc.nat(255)));
    const changed = fc
      .tuple(fc.constantFrom(...sources), fc.array(change, { minLength: 1, maxLength: 3 }))
      .map(([source, changes]) => {
        const bytes = Buffer.from(source);
        const header = bytes.indexOf(Buffer.from([0xff, 0xda])) + 14;
        for (const [at, value] of changes) bytes[2 + (at % (header - 2))] = value;
        return bytes;
      });

    await fc.assert(
      fc.asyncProperty(changed, async (bytes) => {
        const ours = readPlainJpeg(bytes);
        if (!ours) return;
        const theirs = await askLibvips(bytes).catch(() => undefined);
        if (theirs) expect(factsOf(ours)).toEqual(theirs);
        else
          await expect(compressImage(bytes, OPTIONS)).rejects.toMatchObject({
            code: expect.stringMatching(/^IMAGE_(CORRUPT|TOO_MANY_PIXELS)$/), // the size is looked at first
          });
      }),
      { numRuns: RUNS },
    );
  });
});

async function askLibvips(source: Buffer) {
  const image = openImage(source, { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false });
  return factsOf(await image.metadata());
}

/** All that we go by; what is not there is undefined in both. */
function factsOf(metadata: NonNullable<ReturnType<typeof readPlainJpeg>>) {
  const { format, width, height, autoOrient, orientation, pages, space, channels, depth } = metadata;
  const { bitsPerSample, isPalette, isProgressive, hasAlpha, hasProfile, icc, exif, xmp } = metadata;
  return {
    ...{ format, width, height, autoOrient, orientation, pages, space, channels, depth, bitsPerSample },
    ...{ isPalette, isProgressive, hasAlpha, hasProfile, icc: icc?.toString('hex'), exif, xmp },
  };
}
