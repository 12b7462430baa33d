import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type CellPatch,
  type LeftOutLines,
  openInputTable,
  patchedCsv,
  withLeftOut,
  withoutLeftOut,
} from '../tables.js';

const folder = mkdtempSync(path.join(tmpdir(), 'patched-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function layoutOf(bytes: Buffer) {
  const file = path.join(folder, 'input.csv');
  await writeFile(file, bytes);
  return (await openInputTable(file)).layout!;
}

async function patched(bytes: Buffer, patches: CellPatch[], pieceBytes = 5): Promise<Buffer> {
  const written: Buffer[] = [];
  for await (const piece of patchedCsv(inPieces(bytes, pieceBytes), await layoutOf(bytes), patches))
    written.push(piece);
  return Buffer.concat(written);
}

/** The file with patches as it is given back. */
async function givenBack(bytes: Buffer, patches: CellPatch[], pieceBytes = 5): Promise<string> {
  const leftOut: LeftOutLines[] = [];
  const layout = await layoutOf(bytes);
  const blank: Buffer[] = [];
  for await (const piece of patchedCsv(inPieces(bytes, pieceBytes), layout, patches, leftOut))
    blank.push(piece);
  const pieces = inPieces(Buffer.concat(blank), pieceBytes);
  const written: Buffer[] = [];
  for await (const piece of withoutLeftOut(pieces, withLeftOut(layout, leftOut))) written.push(piece);
  return Buffer.concat(written).toString();
}

const refusalOf = (bytes: Buffer, patches: CellPatch[]) =>
  patched(bytes, patches).catch((thrown: unknown) => thrown);

const HEADER = 'S. No.,Product Name,Input Image Urls\n';
const MUG = 'https://img.example/mug.jpg';
const leftOut = (line: number): CellPatch => ({ line, column: null, value: null });

describe('a file with patches', () => {
  it.each<[string, string, CellPatch[], string]>([
    [
      'changes a cell and nothing else',
      '1, Mug ,photos/mug.jpg\r\n2,"Tow""el",photos/towel.jpg',
      [{ line: 2, column: 'Input Image Urls', value: MUG }],
      `1, Mug ,${MUG}\r\n2,"Tow""el",photos/towel.jpg`,
    ],
    ['takes a column by its number', '1,Mug,x\n', [{ line: 2, column: 3, value: MUG }], `1,Mug,${MUG}\n`],
    [
      'quotes what needs it',
      '1,Mug,x\n',
      [
        { line: 2, column: 2, value: 'Mug, "blue"' },
        { line: 2, column: 3, value: `${MUG},${MUG}` },
      ],
      `1,"Mug, ""blue""","${MUG},${MUG}"\n`,
    ],
    [
      'keeps the quotes and blanks that a cell has',
      '1,Mug, "x" \n',
      [{ line: 2, column: 3, value: MUG }],
      `1,Mug, "${MUG}" \n`,
    ],
    [
      'adds the cells that a short row lacks',
      '1\n2,Towel,x\n',
      [{ line: 2, column: 3, value: MUG }],
      `1,,${MUG}\n2,Towel,x\n`,
    ],
    [
      'takes the last of two patches for a cell',
      '1,Mug,x\n',
      [
        { line: 2, column: 3, value: 'y' },
        { line: 2, column: 3, value: MUG },
      ],
      `1,Mug,${MUG}\n`,
    ],
    [
      'leaves rows out, and all others on their lines',
      `1,"Mug\nblue",x\n2,Towel,${MUG}\n3,Vase,y`,
      [leftOut(2), leftOut(5)],
      `\n\n2,Towel,${MUG}\n`,
    ],
    [
      'keeps the lines of a cell that has several',
      '1,Mug,"x\ny"\n2,Towel,z\n',
      [
        { line: 2, column: 3, value: MUG },
        { line: 4, column: 3, value: MUG },
      ],
      `1,Mug,"${MUG}\n"\n2,Towel,${MUG}\n`,
    ],
    [
      'leaves a row out with the lines of links below it',
      `1,Mug,x\n${MUG}\n\n${MUG}\n2,Towel,${MUG}\n`,
      [leftOut(2)],
      `\n\n\n\n2,Towel,${MUG}\n`,
    ],
    [
      'writes a row anew whose cells had to be mended',
      `1,Mug "big" one,${MUG},${MUG}\n2,"Big" Table,y\n`,
      [
        { line: 2, column: 3, value: MUG },
        { line: 3, column: 3, value: MUG },
      ],
      `1,"Mug ""big"" one",${MUG}\n2,"""Big"" Table",${MUG}\n`,
    ],
    ['leaves out a row whose quote is not closed', '1,"Mug,x\n2,Towel,y\n', [leftOut(2)], '\n2,Towel,y\n'],
  ])('%s', async (_, rows, patches, expected) => {
    const bytes = Buffer.from(HEADER + rows);

    expect((await patched(bytes, patches)).toString()).toBe(HEADER + expected);
    expect((await patched(bytes, patches, 1000)).toString()).toBe(HEADER + expected);
  });

  it.each<[string, string, CellPatch[], string]>([
    [
      'and of several lines, and keeps blank lines of its own',
      `1,"Mug\r\nblue",x\r\n\r\n2,Towel,${MUG}\r\n3,Vase,y\r\n4,Lamp,y\r\n5,Pot,y\r\n`,
      [leftOut(2), leftOut(6), leftOut(7)],
      `\r\n2,Towel,${MUG}\r\n5,Pot,y\r\n`,
    ],
    [
      'with the lines of links below them',
      `1,Mug,x\n${MUG}\n${MUG}\n2,Towel,${MUG}\n`,
      [leftOut(2)],
      `2,Towel,${MUG}\n`,
    ],
    ['at the end of the file', `1,Mug,${MUG}\n2,Towel,y`, [leftOut(3)], `1,Mug,${MUG}\n`],
    ['whose quote is not closed', '1,"Mug,x\n2,Towel,y\n', [leftOut(2)], '2,Towel,y\n'],
  ])('is given back without rows that were left out, %s', async (_, rows, patches, expected) => {
    const bytes = Buffer.from(HEADER + rows);

    expect(await givenBack(bytes, patches)).toBe(HEADER + expected);
    expect(await givenBack(bytes, patches, 1000)).toBe(HEADER + expected);
  });

  it('keeps the encoding of the file', async () => {
    const textOf = (name: string) => `\ufeffProduct Name\tInput Image Urls\r\n${name}\tx\r\n`;

    const bytes = await patched(Buffer.from(textOf('Becher'), 'utf16le'), [
      { line: 2, column: 1, value: 'Tëller' },
    ]);

    expect(bytes.toString('utf16le')).toBe(textOf('Tëller'));
  });

  it.each<[string, CellPatch[], string[]]>([
    ['a line where no row begins', [{ line: 9, column: 3, value: MUG }], ['patches[0]']],
    ['the header', [leftOut(1)], ['patches[0]']],
    [
      'a column that the file does not have',
      [
        { line: 2, column: 3, value: MUG },
        { line: 2, column: 'Picture', value: MUG },
      ],
      ['patches[1]'],
    ],
    ['a number beyond the last column', [{ line: 2, column: 4, value: MUG }], ['patches[0]']],
    [
      'a row whose cells can not be told apart',
      [
        { line: 3, column: 2, value: 'Towel' },
        { line: 3, column: 3, value: MUG },
      ],
      ['patches[0]', 'patches[1]'],
    ],
  ])('refuses %s', async (_, patches, fields) => {
    const error = await refusalOf(Buffer.from(`${HEADER}1,Mug,x\n2,"Towel,y\n`), patches);

    expect(error).toMatchObject({ code: 'PATCH_INVALID', details: fields.map((field) => ({ field })) });
  });

  it('refuses letters that the encoding of the file does not have', async () => {
    const bytes = Buffer.from('Product Name,Input Image Urls\nGlas f\u00fcr Tee,x\n', 'latin1');

    const error = await refusalOf(bytes, [{ line: 2, column: 1, value: '茶' }]);

    expect(error).toMatchObject({ code: 'PATCH_INVALID' });
  });
});
