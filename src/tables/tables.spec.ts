import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { errorsCsvHeader, errorsCsvRows, openInputTable, outputCsvHeader, outputCsvRows } from './tables.js';

describe('the tables library', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tables-'));
    file = path.join(folder, 'products.csv');
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('reads a file of products and writes it with outputs and errors', async () => {
    await writeFile(file, 'Nr;Image\r\n1;https://a.example/1.jpg|https://a.example/2.jpg\r\n2;none\r\n');

    const { layout, batches } = await openInputTable(file);
    let output = outputCsvHeader(layout!);
    let errors = errorsCsvHeader(layout!);
    for await (const { rows, faults } of batches()) {
      const done = rows.map((row) => ({
        ...row,
        inputUrls: row.urls,
        outputUrls: ['https://b.example/1', null],
      }));
      output += outputCsvRows(layout!, done);
      for (const { line, value: url, code, hint: message } of faults) {
        const empty = { serialNumber: '', productName: '', position: null, retryable: false, attempts: 0 };
        errors += errorsCsvRows(layout!, [{ ...empty, line, url, code, message, advice: 'Mend it.' }]);
      }
    }

    expect(output).toBe(
      'Product Name;Nr;Image;Output Image Urls\r\n;1;https://a.example/1.jpg,https://a.example/2.jpg;https://b.example/1,\r\n',
    );
    expect(errors).toMatch(/^Line;Serial Number;.*\r\n3;;;;none;URL_INVALID;.*;false;0;Mend it\.\r\n$/);
  });

  it('warns of addresses that are refused, where it is told which those are', async () => {
    const [line, ...rest] = ['1,a,"https://a.example/1,http://10.0.0.1/2"', '2,b,"none,http://10.0.0.1/3"'];
    await writeFile(file, ['S. No.,Product Name,Input Image Urls', line, ...rest, ''].join('\n'));
    const refusal = { code: 'ADDRESS_REFUSED', message: 'Not there.' } as const;

    const { batches } = await openInputTable(file, {
      refusalOf: (url) => (url.startsWith('http://10.') ? refusal : null),
    });
    const read = [];
    for await (const batch of batches()) read.push(batch);

    expect(read.flatMap(({ rows }) => rows.map(({ urls }) => urls.length))).toEqual([2]);
    expect(read.flatMap(({ warnings }) => warnings)).toEqual([
      {
        line: 2,
        column: 'Input Image Urls',
        value: 'http://10.0.0.1/2',
        code: 'ADDRESS_REFUSED',
        hint: 'Not there.',
      },
    ]);
    expect(read.flatMap(({ faults }) => faults.map(({ value }) => value))).toEqual(['none']);
  });

  it('stops reading when it is told to', async () => {
    await writeFile(file, `url\n${'https://a.example/1.jpg\n'.repeat(20_000)}`);
    const leaving = new AbortController();

    const { batches } = await openInputTable(file, { signal: leaving.signal });
    let read = 0;
    const reading = (async () => {
      for await (const { rows } of batches()) {
        read += rows.length;
        leaving.abort(new Error('gone'));
      }
    })();

    await expect(reading).rejects.toThrow('gone');
    expect(read).toBeLessThan(10_000);
  });
});
