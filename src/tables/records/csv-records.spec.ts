import fc from 'fast-check';
import Papa from 'papaparse';
import { DEFAULT_CSV_LIMITS } from '../csv-faults.js';
import { CsvRecordReader } from './csv-records.js';
import type { RecordBlock } from './record-block.js';
import { cpuMs } from '../../../test/helpers/main-thread.js';
import { propertyRuns } from '../../../test/helpers/property-runs.js';

const PIECES = ['"', ',', '\n', '\r\n', '\r', ' ', '\t', 'a', '\u00a0', '""', '","', '"\n"'];

function readAll(pieces: string[]): RecordBlock {
  const reader = new CsvRecordReader(',', DEFAULT_CSV_LIMITS);
  const blocks = [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.push('', true)];
  return {
    records: blocks.flatMap((block) => block.records),
    lines: blocks.flatMap((block) => block.lines),
    faults: blocks.flatMap((block) => block.faults),
    repairs: blocks.flatMap((block) => block.repairs),
    sources: [],
    hasNul: false,
  };
}

describe(CsvRecordReader.name, () => {
  it('gives the same records wherever the text is cut into pieces', () => {
    const text = fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 4 }), (whole, cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((place, i) => whole.slice(places[i], place));

        expect(readAll(pieces)).toEqual(readAll([whole]));
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });

  it('gives the cells of proper CSV as papaparse does', () => {
    const cell = fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
    const newline = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(table, newline, fc.boolean(), fc.nat(60), (cells, lineEnd, quotes, cut) => {
        const text = Papa.unparse(cells, { newline: lineEnd, quotes, skipEmptyLines: false }) + lineEnd;
        const { data } = Papa.parse<string[]>(text, { delimiter: ',', newline: lineEnd });

        const { records, faults } = readAll([text.slice(0, cut), text.slice(cut)]);
        expect(faults).toEqual([]);
        expect(records).toEqual(data.slice(0, -1)); // behind the last line end it sees one more record
        expect(records).toEqual(cells);
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });

  it('counts physical lines, those within quotes too', () => {
    const { records, lines } = readAll(['a,"1\r\n2\n3",b\r\n', 'c\r\r"', 'd\n\n",e\nf']);

    expect(records).toEqual([['a', '1\r\n2\n3', 'b'], ['c'], [''], ['d\n\n', 'e'], ['f']]);
    expect(lines).toEqual([1, 4, 5, 6, 9]);
  });

  it('reads on in the line behind a quote that nothing closes', () => {
    const { records, faults } = readAll(['a,"b\nc,d\n', '"e" f,g\n', 'h,"i']);

    expect(records).toEqual([
      ['c', 'd'],
      ['"e" f', 'g'],
    ]);
    expect(faults).toMatchObject([
      { line: 1, code: 'QUOTE_NOT_CLOSED', value: 'a,"b' },
      { line: 4, code: 'QUOTE_NOT_CLOSED', value: 'h,"i' },
    ]);
  });

  it('reads all lines behind a quote that the end of a long file leaves open', () => {
    const tables = Array.from({ length: 20_000 }, (_, i) => `${i},Table\r\n`);

    const { records, lines, faults } = readAll([`1,"Chair\r\n${tables.join('')}2,"Lamp`]);

    expect(faults.map(({ line, code }) => [line, code])).toEqual([
      [1, 'QUOTE_NOT_CLOSED'],
      [20_002, 'QUOTE_NOT_CLOSED'],
    ]);
    expect(records.length).toBe(20_000);
    expect(lines.at(-1)).toBe(20_001);
  });

  it('does not read text again and again while it looks for the end of a quote', () => {
    const limits = { ...DEFAULT_CSV_LIMITS, rowLength: 20_000 };
    const reader = new CsvRecordReader(',', limits);
    let faults = 0;

    const begin = cpuMs();
    for (let i = 0; i < 200; i++) {
      for (const block of reader.push(`1,"${'a\n'.repeat(5_000)}`)) faults += block.faults.length;
    }

    expect(faults).toBeGreaterThan(50);
    expect(cpuMs() - begin).toBeLessThan(5_000);
  });
});
