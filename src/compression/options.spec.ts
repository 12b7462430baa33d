import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { CompressionForm } from '../uploads/compression-fields.dto.js';
import {
  canonicalOptions,
  type CompressionFields,
  type MeasureChoice,
  readCompressionOptions,
  toCompressionOptions,
} from './options.js';

describe('CompressionForm', () => {
  const faults = (fields: object) =>
    validateSync(plainToInstance(CompressionForm, fields)).map(({ property }) => property);

  it.each([
    [{ quality: '1' }],
    [{ quality: '100' }],
    [{ quality: '50%' }],
    [{ quality: '' }],
    [{ target: 'ssim:0.95' }],
    [{ target: 'ssim:1' }],
    [{ target: 'bytes:60000', quality: '' }],
    [{ format: 'auto', effort: 'best', metadata: 'copyright' }],
    [{ measure: 'similarity' }],
    [{ max_width: '1', max_height: '16383' }],
    [{ canvas: '1:1.44', background: '#FFF0aa', trim: 'true', fill: '85', enlarge: 'true' }],
    [{ canvas: 'none', background: 'auto' }],
    [{ canvas: '', background: '', trim: '', fill: '', enlarge: '' }],
    [{ format: '', effort: '', metadata: '', measure: '', max_width: '', max_height: '' }],
  ])('takes %j', (fields) => {
    expect(faults(fields)).toEqual([]);
  });

  it.each([
    ['quality', { quality: '0' }],
    ['quality', { quality: '101' }],
    ['quality', { quality: '50.5' }],
    ['quality', { quality: '0%' }],
    ['quality', { quality: ['50', '60'] }],
    ['target', { target: '0.95' }],
    ['target', { target: 'ssim:0' }],
    ['target', { target: 'ssim:1.1' }],
    ['target', { target: 'ssim:0.95000001' }],
    ['target', { target: 'bytes:0' }],
    ['target', { target: 'bytes:1.5' }],
    ['target', { target: 'ssim:0.95', quality: '50' }],
    ['format', { format: 'gif' }],
    ['max_width', { max_width: '0' }],
    ['max_width', { max_width: '-5' }],
    ['max_height', { max_height: '16384' }],
    ['max_height', { max_height: 'wide' }],
    ['canvas', { canvas: 'square' }],
    ['canvas', { canvas: '1:0' }],
    ['canvas', { canvas: '1:11' }],
    ['canvas', { canvas: ['1:1', '1:2'] }],
    ['background', { background: 'white' }],
    ['background', { background: '#fff' }],
    ['trim', { trim: 'yes' }],
    ['fill', { fill: '0' }],
    ['fill', { fill: '101' }],
    ['enlarge', { enlarge: '1' }],
    ['effort', { effort: 'worst' }],
    ['metadata', { metadata: 'some' }],
    ['measure', { measure: 'time' }],
  ])('refuses %s of %j', (property, fields) => {
    expect(faults(fields)).toEqual([property]);
  });
});

describe('toCompressionOptions', () => {
  it('decides everything, so that equal options are equal as text', () => {
    const written = { effort: 'balanced', quality: '50', format: 'keep' } as const;

    const text = canonicalOptions(toCompressionOptions({}, 50));

    expect(canonicalOptions(toCompressionOptions(written, 30))).toBe(text);
    expect(canonicalOptions(toCompressionOptions({ quality: '50%' }, 30))).not.toBe(text);
    expect(text).toBe(
      '{"quality":50,"target":null,"format":"keep","maxWidth":null,"maxHeight":null,"effort":"balanced","metadata":"none","measure":"none"}',
    );
  });

  it('reads targets and parts, and takes no quality where there is a target', () => {
    expect(toCompressionOptions({ target: 'ssim:0.9500' }, 50)).toMatchObject({
      quality: null,
      target: { ssim: 0.95 },
    });
    expect(toCompressionOptions({ target: 'bytes:60000' }, 50).target).toEqual({ bytes: 60_000 });
    expect(toCompressionOptions({ quality: '70%' }, 50).quality).toBe('70%');
  });

  it('comes back from its text', () => {
    const options = toCompressionOptions({ quality: '70%', format: 'auto', max_width: 800 }, 50);

    expect(readCompressionOptions(canonicalOptions(options))).toEqual(options);
  });

  it('comes back from text that says nothing of what is measured', () => {
    const text = canonicalOptions(toCompressionOptions({}, 50)).replace(',"measure":"none"', '');

    expect(readCompressionOptions(text)).toEqual(toCompressionOptions({}, 50));
  });

  it('measures what the upload says, or else the setting', () => {
    const measure = (fields: CompressionFields, byDefault?: MeasureChoice) =>
      toCompressionOptions(fields, 50, byDefault).measure;

    expect([measure({}), measure({}, 'similarity'), measure({ measure: 'none' }, 'similarity')]).toEqual([
      'none',
      'similarity',
      'none',
    ]);
  });
});
