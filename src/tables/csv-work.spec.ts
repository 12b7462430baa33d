import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { longestSlice } from '../../test/helpers/main-thread.js';
import { propertyRuns } from '../../test/helpers/property-runs.js';
import { DEFAULT_CSV_LIMITS } from './csv-faults.js';
import { CsvRecordReader } from './records/csv-records.js';
import { type InputTableOptions, openInputTable } from './input-table.js';

const HEADER = 'S. No.,Product Name,Input Image Urls\n';
const MAX_SCANS_PER_CHARACTER = 8;
/** Asked are 100 ms. A thread takes twice the CPU time beside others on its core; without bounds it is seconds. */
const MAX_SLICE_MS = 200;
const MEGABYTE = 1_000_000;

const LETTERS = [...'",;\t\u00a0 x7\n{}[]'];
const repeatArbitrary = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 40_000 }),
  )
  .map(([pattern, length]) => repeated(pattern, length));
const textArbitrary = fc
  .tuple(
    fc.array(repeatArbitrary, { minLength: 1, maxLength: 3 }),
    fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 8 }),
  )
  .map(([repeats, tail]) => repeats.join('') + tail);

/** The pattern as often as it fits into a length. */
function repeated(pattern: string, length: number): string {
  return pattern.repeat(Math.ceil(length / pattern.length));
}

/** Shown in place of a megabyte of text, should a test fail. */
const shown = (text: string) => `${JSON.stringify(text.slice(0, 60))} … ${text.length}`;

describe(CsvRecordReader.name, () => {
  function scansPerCharacter(
    text: string,
    delimiter: ',' | ';' | '\t',
    limits: { rowLength?: number },
  ): number {
    const reader = new CsvRecordReader(delimiter, { ...DEFAULT_CSV_LIMITS, ...limits });
    for (let at = 0; at < text.length; at += 4_096) {
      for (const block of reader.push(text.slice(at, at + 4_096)))
        expect(block.records.length).toBe(block.lines.length);
    }
    for (const block of reader.push('', true)) expect(block.records.length).toBe(block.lines.length);
    return reader.scanned / text.length;
  }

  it.each([
    ['quotes behind tabs, none of them closing', repeated('\t"x"y,', 130_000) + '"q'],
    ['quotes that open at each line end', repeated('a","\n', 1_100_000)],
    ['a quote in each line', repeated('1,"a\n', 300_000)],
    ['text behind a quote that closes far below', repeated(`"a\n${'b\n'.repeat(1_000)}`, 600_000) + '" x'],
    ['quotes alone', repeated('"', 300_001)],
    ['blanks and quotes', repeated(' "', 300_000)],
    ['no-break spaces behind quotes', repeated(`"a"${'\u00a0'.repeat(1_000)}`, 300_000)],
  ])('looks at each character a few times only: %s', (_, text) => {
    expect(scansPerCharacter(text, ',', {})).toBeLessThan(MAX_SCANS_PER_CHARACTER);
  });

  it('looks at each character a few times only, whatever the text is', () => {
    const limits = fc.record({ rowLength: fc.constantFrom(100, 5_000, 1_048_576) });
    fc.assert(
      fc.property(textArbitrary, fc.constantFrom(',', ';', '\t'), limits, (text, delimiter, limit) => {
        if (text.length < 100) return;
        expect(scansPerCharacter(text, delimiter, limit)).toBeLessThan(MAX_SCANS_PER_CHARACTER);
      }),
      { numRuns: propertyRuns(300) },
    );
  });
});

describe('a file of any kind', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'csv-work-'));
    file = path.join(folder, 'input.csv');
    await longestSliceOf(HEADER + '1,Chair,"https://a.example/1.jpg"\n'.repeat(20_000)); // compiles what is run often
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function longestSliceOf(content: string | Uint8Array, options: InputTableOptions = {}) {
    await writeFile(file, content);
    return longestSlice(MAX_SLICE_MS, async () => {
      for await (const batch of (await openInputTable(file, options)).batches()) batch.rows.length = 0;
    });
  }

  const cell = (text: string) => `${HEADER}1,Chair,"${text.replaceAll('"', '""')}"\n`;
  const url = 'https://a.example/1.jpg';
  const wide = Array.from({ length: 497 }, (_, i) => `Colour ${i}`).join(',');

  it.each<[string, string | Uint8Array]>([
    ['quotes behind tabs', HEADER + repeated('\t"x"y,', 130_000) + '"q'],
    ['a quote that opens at each line end', HEADER + repeated('a","\n', 1_100_000)],
    ['a header of digits', `Input Image Urls,${'7'.repeat(16_300)}a\n`],
    ['a header of a megabyte', repeated('a,', MEGABYTE) + '\n1\n'],
    ['a header of quoted cells', repeated('"a",', MEGABYTE) + '\n1\n'],
    ['a header whose quote is not closed', '"' + repeated('url,\n', MEGABYTE)],
    ['a list of 100,000 addresses', cell(repeated('http://a.b,', 1_000_000))],
    ['a JSON list', cell(JSON.stringify(Array(40_000).fill(url)))],
    ['a JSON list of lists', cell(`["a",${'['.repeat(900_000)}`)],
    ['a Python list', cell(`[${repeated(`'${url}', `, 900_000)}]`)],
    ['a Python list of nothing', cell(`[${repeated("'',", 900_000)}]`)],
    ['a Python list of blanks', cell(`['${repeated(' ', 900_000)}']`)],
    ['schemes without addresses', cell(repeated('://', 900_000))],
    ['a host name of a megabyte', cell(`http://${repeated('a.', 900_000)}`)],
    ['a row of empty cells', HEADER + repeated(',', MEGABYTE) + '\n'],
    ['rows of 100,000 quoted cells', HEADER + (repeated('"a",', 400_000) + '\n').repeat(5)],
    ['a line of a quote each', HEADER + repeated('1,"a\n', MEGABYTE)],
    ['an odd number of quotes', HEADER + repeated('"', MEGABYTE + 1)],
    ['blanks before quotes', HEADER + repeated(' "', MEGABYTE)],
    ['a line of five megabytes', HEADER + repeated('x', 5 * MEGABYTE)],
    ['a quote open for two megabytes', HEADER + '"' + repeated('x\n', 2 * MEGABYTE)],
    ['ten million line ends', HEADER + repeated('\n', 10 * MEGABYTE)],
    ['line ends in UTF-16', Buffer.from('\ufeff' + HEADER + repeated('\n', MEGABYTE), 'utf16le')],
    [
      'quotes in UTF-16 (big end)',
      Buffer.from('\ufeff' + HEADER + repeated('a","\n', MEGABYTE), 'utf16le').swap16(),
    ],
    ['short rows of a wide table', `Image Url,${wide}\n` + repeated('a\n', MEGABYTE)],
    ['lines of addresses only', `${HEADER}1,Chair,${url}\n` + repeated(`${url}\n`, 2 * MEGABYTE)],
  ])('is read in short slices: %s', async (_, content) => {
    expect(await longestSliceOf(content)).toBeLessThan(MAX_SLICE_MS);
  });

  it.each([
    ['all of a wide table', 990, (place: number) => `Photo ${place}`],
    ['none that there is', 1_000, (place: number) => 'x'.repeat(60) + place],
  ])('is read in short slices where many columns are named: %s', async (_, count, nameOf) => {
    const header = Array.from({ length: 990 }, (_, place) => `Photo ${place}`).join(',');
    const images = Array.from({ length: count }, (_, place) => nameOf(place));

    expect(await longestSliceOf(`${header}\n${url}\n`, { columns: { images } })).toBeLessThan(MAX_SLICE_MS);
  });

  it('is read in short slices, whatever is in it', async () => {
    const headers = fc.constantFrom(HEADER, '', 'url\n', 'S. No.;Url;Note\n');
    await fc.assert(
      fc.asyncProperty(headers, textArbitrary, fc.boolean(), async (header, text, isUtf16) => {
        const content = Buffer.from(header + text, isUtf16 ? 'utf16le' : 'utf8');
        const milliseconds = await longestSliceOf(content);

        if (milliseconds > MAX_SLICE_MS) throw new Error(`${milliseconds} ms for ${shown(header + text)}`);
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});
