import sharp from 'sharp';
import { estimateJpegQuality } from './quality.js';

const canvas = sharp({ create: { width: 16, height: 16, channels: 3, background: 'tomato' } });

describe('estimateJpegQuality', () => {
  it.each([1, 10, 25, 49, 50, 51, 75, 85, 95, 100])('tells the quality of a JPEG at %i', async (quality) => {
    expect(estimateJpegQuality(await canvas.clone().jpeg({ quality }).toBuffer())).toBe(quality);
  });

  it('comes near to that of a file with other tables', async () => {
    const source = await canvas.clone().jpeg({ quality: 60, quantisationTable: 3 }).toBuffer();

    const estimate = estimateJpegQuality(source)!;

    expect(estimate).toBeGreaterThan(35);
    expect(estimate).toBeLessThan(80);
  });

  it('is undefined where there is no table', () => {
    expect(estimateJpegQuality(Buffer.from('ffd8ffda0000', 'hex'))).toBeUndefined();
    expect(estimateJpegQuality(Buffer.from('ffd8ffdb', 'hex'))).toBeUndefined();
    expect(estimateJpegQuality(Buffer.from('ffd8ffdb004300', 'hex'))).toBeUndefined();
  });
});
