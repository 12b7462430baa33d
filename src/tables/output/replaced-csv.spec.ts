import fc from 'fast-check';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { propertyRuns } from '../../../test/helpers/property-runs.js';
import { PROFILES, STANDARD_PROFILE } from '../header/profiles.js';
import { openInputTable } from '../input-table.js';
import type { InputRow } from '../rows/csv-batch.js';
import { csvLines } from './csv-writer.js';
import { replacedCsv } from './replaced-csv.js';

const RUNS = propertyRuns(100);
const FIXTURES = path.join(process.cwd(), 'test/fixtures/imports');
const HEADER = 'S. No.,Product Name,Input Image Urls\n';

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'replaced-csv-'));
});

afterAll(() => rm(folder, { recursive: true }));

const resultOf = (url: string) => `https://ours.example/images/${Buffer.from(url).toString('hex')}/image.jpg`;

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** From a file of its own: an example that the time of a property interrupts goes on beside the first one of the next property. */
async function read(bytes: Buffer) {
  const file = path.join(folder, `input-${++files}.csv`);
  await writeFile(file, bytes);
  const csv = await openInputTable(file);
  const rows: InputRow[] = [];
  for await (const batch of csv.batches()) rows.push(...batch.rows);
  await rm(file);
  return { layout: csv.layout!, rows };
}

/** The file with the URLs replaced. */
async function replaced(
  bytes: Buffer,
  by: (url: string) => string | null = resultOf,
  pieceBytes = 7,
): Promise<Buffer> {
  const { layout } = await read(bytes);
  const written: Buffer[] = [];
  const replacementsOf = (rows: InputRow[]) => Promise.resolve(rows.map(({ urls }) => urls.map(by)));
  for await (const piece of replacedCsv(inPieces(bytes, pieceBytes), layout, replacementsOf))
    written.push(piece);
  return Buffer.concat(written);
}

/** What is expected of a file that nobody had to mend: its bytes, with each URL of an image replaced. */
function replacedIn(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/https:\/\/img[^\s,;|"]+/g, resultOf);
  return Buffer.from(text, 'latin1');
}

describe('a file with other URLs', () => {
  it.each(readdirSync(FIXTURES))(
    '%s is the same in all other bytes, and gives the same images',
    async (name) => {
      const bytes = await readFile(path.join(FIXTURES, name));

      const output = await replaced(bytes);

      expect(output.toString('latin1')).toBe(replacedIn(bytes).toString('latin1'));
      const images = async (file: Buffer) => (await read(file)).rows.map(({ urls }) => urls);
      expect(await images(output)).toEqual((await images(bytes)).map((urls) => urls.map(resultOf)));
    },
  );

  it('is itself where nothing changes, whatever its bytes are', async () => {
    const pieces = ['"', ',', ';', '\n', '\r', '\t', ' ', 'a', 'https://a.example/b.jpg', '\ufeff', 'ä'];
    const messy = fc
      .array(
        fc.oneof(
          fc.constantFrom(...pieces).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 4 }),
        ),
      )
      .map((parts) => Buffer.concat([Buffer.from(HEADER), ...parts]));
    const file = fc.oneof(
      messy,
      messy.map((bytes) =>
        Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bytes.toString(), 'utf16le')]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 50 }), async (bytes, size) => {
        if (!(await read(bytes)).layout) return;

        expect((await replaced(bytes, () => null, size)).toString('hex')).toBe(bytes.toString('hex'));
      }),
      { numRuns: RUNS },
    );
  });

  it('of any profile comes back the same but for its URLs, and is read again alike', async () => {
    const profile = fc.constantFrom(...PROFILES);
    const text = fc.string({ unit: fc.constantFrom(...'",;\t \'aé|', '\r\n'), maxLength: 8 });
    const lists = fc.array(fc.nat({ max: 99 }), { maxLength: 3 });
    const table = fc.record({
      profile,
      rows: fc.array(fc.record({ lists: fc.array(lists, { minLength: 6, maxLength: 6 }), text }), {
        minLength: 1,
        maxLength: 6,
      }),
      delimiter: fc.constantFrom(',' as const, ';' as const, '\t' as const),
      newline: fc.constantFrom('\n' as const, '\r\n' as const),
    });
    await fc.assert(
      fc.asyncProperty(table, async ({ profile, rows, delimiter, newline }) => {
        const column = (name: string) => name.replaceAll('{n}', '1').replaceAll('{any}', '');
        const required = profile.required.map((one) => column(Array.isArray(one) ? one[0] : one));
        const images = profile.images.map(column);
        const begins = (profile.begins ?? []).filter((name) => !required.includes(name));
        const names = [...new Set([...required, ...begins, ...images]), 'Note'];
        const ours = profile.id === STANDARD_PROFILE ? ['S. No.', 'Product Name'] : [];
        const header = [...ours, ...names];
        const cells = rows.map((row, number) =>
          header.map((name) => {
            const place = images.indexOf(name);
            if (place === -1) return name === 'Note' ? row.text : `v${number}`;
            const urls = row.lists[place % 6].map(
              (image) => `https://img.example.com/${number}-${image}.jpg`,
            );
            return (profile.separator === null ? urls.slice(0, 1) : urls).join(profile.separator ?? '');
          }),
        );
        const bytes = Buffer.from(csvLines([header, ...cells], { delimiter, newline }));

        const output = await replaced(bytes);

        expect(output.toString('latin1')).toBe(replacedIn(bytes).toString('latin1'));
        const [before, after] = [await read(bytes), await read(output)];
        expect(after.rows.map(({ urls }) => urls)).toEqual(before.rows.map(({ urls }) => urls.map(resultOf)));
        if (profile.id !== STANDARD_PROFILE) expect(before.layout.profile).toBe(profile.id);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['a list without quotes', '1,Mug,https://a.example/1,https://a.example/2\n', '1,Mug,"A,B"\n'],
    ['a formula', '1,Mug,"=IMAGE(""https://a.example/1"")"\n', '1,Mug,"=IMAGE(""A"")"\n'],
    ['a name before brackets', '1,Mug,1.jpg (https://a.example/1)\n', '1,Mug,1.jpg (A)\n'],
    [
      'an object in JSON',
      '1,Mug,"[{""src"":""https://a.example/1"",""alt"":""x""}]"\n',
      '1,Mug,"[{""src"":""A"",""alt"":""x""}]"\n',
    ],
    ['a label in Markdown', '1,Mug,[https://a.example/1](https://a.example/1)\n', '1,Mug,A\n'],
    ['further lines', '1,Mug,https://a.example/1\nhttps://a.example/2\n2,Cup,\n', '1,Mug,"A,B"\n2,Cup,\n'],
    ['a stray quote', '1,"Big" Mug,https://a.example/1\r\n', '1,"""Big"" Mug",A\r\n'],
    ['two schemes', '1,Mug,http://https://a.example/1', '1,Mug,A'],
    ['a forgotten separator', '1,Mug,https://a.example/1https://a.example/2\n', '1,Mug,"A,B"\n'],
    ['blanks beside quotes', '1,Mug, "https://a.example/1" \n', '1,Mug, "A" \n'],
  ])('keeps what it can of %s', async (_, row, expected) => {
    const by = { 'https://a.example/1': 'https://o.example/A', 'https://a.example/2': 'https://o.example/B' };

    const output = await replaced(Buffer.from(HEADER + row), (url) => by[url as keyof typeof by] ?? null);

    expect(output.toString()).toBe(HEADER + expected.replace(/\b[AB]\b/g, 'https://o.example/$&'));
  });

  it('keeps or empties the place of one URL of several', async () => {
    const bytes = Buffer.from(
      `${HEADER}1,Mug,"https://a.example/1|https://a.example/2"\n2,Cup,https://a.example/2\n`,
    );
    const keep = (url: string) => (url.endsWith('1') ? 'https://o.example/A' : null);

    expect((await replaced(bytes, keep)).toString()).toBe(
      `${HEADER}1,Mug,"https://o.example/A|https://a.example/2"\n2,Cup,https://a.example/2\n`,
    );
    expect((await replaced(bytes, (url) => keep(url) ?? '')).toString()).toBe(
      `${HEADER}1,Mug,"https://o.example/A|"\n2,Cup,\n`,
    );
  });
});
