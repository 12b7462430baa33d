import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openSource } from '../compress.js';
import { toCompressionOptions } from '../options.js';

it('compresses an image with nothing else of the application', async () => {
  const source = readFileSync(path.join(__dirname, '../../samples/notebook-cover.jpg'));
  const options = toCompressionOptions({ format: 'webp', max_width: 300, measure: 'similarity' }, 50);

  const image = await openSource(source, 50_000_000);
  const { data, output, contentType, report } = await image.compress(options);

  expect(data.length).toBeLessThan(source.length);
  expect({ ...output, contentType }).toMatchObject({ format: 'webp', width: 300, contentType: 'image/webp' });
  expect(report.similarity).toBeGreaterThan(0.9);
});
