import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { Service } from '../helpers/app/service.js';
import { partsOf } from '../helpers/tables/read-workbook.js';
import { rowOf, textCell, workbookOf } from '../helpers/tables/workbooks.js';
import { until } from '../helpers/wait.js';
import { ROOT } from '../helpers/paths.js';

const BIN = path.join(ROOT, 'bin/image-processing.mjs');
const SHEET = 'xl/worksheets/sheet1.xml';
const PATH_OF_RESULT = '((?:products-output|out)-images/image-\\w+\\.jpg)';

describe('the command line', () => {
  let folder: string;
  let origin: ImageOrigin;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'image-processing-command-'));
    const pictures = { '/a.jpg': await photo(300, 200, 1), '/b.jpg': await photo(300, 200, 2) };
    origin = await serveImages(pictures);
  });
  afterEach(async () => {
    await origin.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('compresses the images of a file into a folder, and writes the file with their paths', async () => {
    writeRows(['1', 'Mug', '/a.jpg', '/b.jpg']);

    const { code, stdout } = await run(['compress', 'products.csv', '-o', 'out.csv', '--quality', '40']);

    expect([code, stdout]).toEqual([0, expect.stringContaining('2 of 2 images done')]);
    const [, row] = read('out.csv').trim().split(/\r?\n/);
    const [, first, second] = /"(out-images\/[^",]+),(out-images\/[^",]+)"$/.exec(row)!;
    for (const image of [first, second])
      expect(await sharp(readFileSync(path.join(folder, image))).metadata()).toMatchObject({
        format: 'jpeg',
        width: 300,
      });
    expect(readdirSync(folder).sort()).toEqual(['out-images', 'out.csv', 'products.csv']);
  });

  it('gives a workbook back with paths in the cells of results, and all else as it was', async () => {
    const written = await writeWorkbook('/a.jpg', '/b.jpg');

    const { code, stdout } = await run(['compress', 'products.xlsx', '--quality', '40']);

    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('products-output.xlsx has the new addresses'),
    ]);
    expect(readdirSync(folder).sort()).toEqual([
      'products-output-images',
      'products-output.xlsx',
      'products.xlsx',
    ]);
    const images = readdirSync(path.join(folder, 'products-output-images'));
    expect(images).toHaveLength(2);
    const { [SHEET]: sheet, ...others } = await partsOf(path.join(folder, 'products-output.xlsx'));
    const { [SHEET]: before, ...othersBefore } = written;
    expect(others).toEqual(othersBefore);
    const [, first, second] = new RegExp(`${PATH_OF_RESULT},${PATH_OF_RESULT}<`).exec(sheet)!;
    expect([first, second].map((file) => path.basename(file)).sort()).toEqual(images.sort());
    const added = [`D1`, `D2`].map((cell) => new RegExp(`<c r="${cell}".*?</c>`).exec(sheet)![0]);
    expect(added.reduce((text, cell) => text.replace(cell, ''), sheet)).toBe(
      before.replace('A1:C9', 'A1:D9'),
    );
  });

  it('puts paths into the links and formulas of a shop that wants its URLs replaced', async () => {
    const header = rowOf(1, 'Handle', 'Title', 'Image Src', 'Variant SKU');
    const formula = `<c r="C2" t="str"><f>HYPERLINK("${origin.url('/a.jpg')}")</f><v>${origin.url('/a.jpg')}</v></c>`;
    const rows = `${header}<row r="2">${textCell('A2', 'mug')}${textCell('B2', 'Mug')}${formula}</row>${rowOf(3, 'pot', 'Pot', 'Front')}`;
    const behind = '<hyperlinks><hyperlink ref="C3" r:id="rId1"/></hyperlinks>';
    const sheet = { rows, behind, links: { rId1: origin.url('/b.jpg') } };
    writeFileSync(path.join(folder, 'products.xlsx'), await workbookOf({ sheets: [sheet] }));

    const words = ['compress', 'products.xlsx', '-o', 'out.xlsx', '--out-dir', 'my pictures'];
    expect((await run(words)).code).toBe(0);

    const parts = await partsOf(path.join(folder, 'out.xlsx'));
    const image = 'image-\\w+\\.jpg';
    expect(parts[SHEET]).toMatch(
      new RegExp(`HYPERLINK\\(&quot;my pictures/${image}&quot;\\)</f><v>my pictures/${image}<`),
    );
    expect(parts['xl/worksheets/_rels/sheet1.xml.rels']).toMatch(
      new RegExp(`Target="my%20pictures/${image}"`),
    );
  });

  it('takes sizes, and stores them beside the images', async () => {
    writeRows(['1', 'Mug', '/a.jpg']);

    const { code } = await run(['compress', 'products.csv', '-o', 'out.csv', '--sizes', '40,80']);

    expect(code).toBe(0);
    const [header, row] = read('out.csv').trim().split(/\r?\n/);
    expect(header).toContain('Output Image Urls,Output Image Urls (40),Output Image Urls (80)');
    const files = row.split(',').slice(3);
    expect(files).toHaveLength(3);
    const widths = files.map(
      async (file) => (await sharp(readFileSync(path.join(folder, file))).metadata()).width,
    );
    expect(await Promise.all(widths)).toEqual([80, 40, 80]);
  });

  it('ends with 2 where images failed, and says which', async () => {
    writeRows(['1', 'Mug', '/a.jpg', '/gone.jpg']);

    const { code, stdout } = await run(['compress', 'products.csv', '--json']);

    const result = JSON.parse(stdout);
    expect(code).toBe(2);
    expect(result.counts).toMatchObject({ images: 2, done: 1, failed: 1 });
    expect(result).not.toHaveProperty('links'); // to a service that has ended
    expect(read('products-output-errors.csv')).toContain('HTTP_404');
  });

  it('ends with 1 and leaves nothing where the file or a word is refused', async () => {
    writeFileSync(
      path.join(folder, 'products.csv'),
      'S. No.,Product Name,Input Image Urls\n1,Mug,images/a.jpg\n',
    );

    const refused = await run(['compress', 'products.csv']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/CSV_INVALID[^]*line 2.*URL_INVALID/),
    ]);
    expect(readdirSync(folder)).toEqual(['products.csv']);
    for (const [words, message] of [
      [['compress', 'none.csv'], 'There is no file none.csv.'],
      [['compress', 'products.csv', '--qualty', '40'], "Unknown option '--qualty'"],
      [['compress', 'products.csv', '--quality', '400'], 'quality must be a whole number'],
      [['compress', 'products.csv', '-o', 'out.xlsx'], 'products.csv is no Excel workbook'],
      [['press', 'products.csv'], 'There is no command "press"'],
    ] as const)
      expect(await run([...words])).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
  });

  it('says that a service does not answer', async () => {
    writeRows(['1', 'Mug', '/a.jpg']);
    const server = 'http://127.0.0.1:2'; // nobody listens there

    const { code, stderr } = await run(['compress', 'products.csv', '--server', server]);

    expect([code, stderr]).toEqual([1, expect.stringMatching(`^${server} does not answer: .*ECONNREFUSED`)]);
    expect(stderr.trim()).not.toContain('\n');
  });

  it('checks a file without asking for an image', async () => {
    writeRows(['1', 'Mug', '/a.jpg', '/b.jpg'], ['2', 'Lamp', 'photos/lamp.jpg']);

    const { code, stdout } = await run(['check', 'products.csv']);

    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^1 row, 2 images \(2 different addresses, 1 host\)[^]*1 fault:[^]*line 3, Input Image Urls: URL_INVALID/,
    );
    expect(origin.hits).toEqual({});
    expect(readdirSync(folder)).toEqual(['products.csv']);
  });

  it.each(['csv', 'xlsx'])('goes on after it was killed, with a file of %s', async (ending) => {
    await origin.close();
    const picture = await photo(300, 200);
    let isHeld = true;
    origin = await serveImages({
      '/a.jpg': picture,
      '/b.jpg': (_, response) => isHeld || response.end(picture),
    });
    if (ending === 'csv') writeRows(['1', 'Mug', '/a.jpg', '/b.jpg']);
    else await writeWorkbook('/a.jpg', '/b.jpg');
    const words = ['compress', `products.${ending}`, '-o', `out.${ending}`];
    const first = start(words);
    await until(() => origin.hits['/a.jpg'] > 0 && origin.hits['/b.jpg'] > 0);
    first.kill('SIGKILL');
    expect(existsSync(path.join(folder, `out.${ending}.work`))).toBe(true);
    isHeld = false;

    const { code } = await untilUnlocked(() => run(words));

    expect(code).toBe(0);
    const output = path.join(folder, `out.${ending}`);
    const text = ending === 'csv' ? read('out.csv') : (await partsOf(output))[SHEET];
    expect(text).toMatch(new RegExp(`${PATH_OF_RESULT},${PATH_OF_RESULT}`));
    expect(existsSync(`${output}.work`)).toBe(false);
  });

  it('works from a package', async () => {
    writeRows(['1', 'Mug', '/a.jpg']);
    const home = path.join(folder, 'package');
    const pack = ['pack', '--ignore-scripts', '--pack-destination', folder, '--json'];
    const [{ filename }] = JSON.parse(execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }));
    execFileSync('tar', ['-xf', path.join(folder, filename)], { cwd: folder });
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(home, 'node_modules'));

    const bin = path.join(home, 'bin/image-processing.mjs');
    expect((await run(['compress', 'products.csv'], {}, bin)).code).toBe(0);
    expect(readdirSync(home).sort()).toEqual(
      expect.arrayContaining(['README.md', 'bin', 'dist', 'openapi.json', 'package.json']),
    );
    expect(existsSync(path.join(home, 'src'))).toBe(false);
  });

  function writeRows(...rows: string[][]): void {
    const lines = rows.map(([serial, name, ...paths]) => {
      const urls = paths.map((one) => (one.startsWith('/') ? origin.url(one) : one));
      return `${serial},${name},"${urls.join(',')}"`;
    });
    const header = 'S. No.,Product Name,Input Image Urls';
    writeFileSync(path.join(folder, 'products.csv'), [header, ...lines].join('\n'));
  }

  /** The parts of the workbook that is written. */
  async function writeWorkbook(...paths: string[]): Promise<Record<string, string>> {
    const urls = paths.map((one) => origin.url(one)).join(',');
    const rows = rowOf(1, 'S. No.', 'Product Name', 'Input Image Urls') + rowOf(2, '1', 'Mug', urls);
    const sheets = [{ name: 'Mugs', rows }, { rows: rowOf(1, 'Notes') }];
    writeFileSync(path.join(folder, 'products.xlsx'), await workbookOf({ sheets }));
    return partsOf(path.join(folder, 'products.xlsx'));
  }

  function read(name: string): string {
    return readFileSync(path.join(folder, name), 'utf8');
  }

  /** The service of a killed run ends a moment after it. */
  async function untilUnlocked(work: () => Promise<Ended>): Promise<Ended> {
    let ended = await work();
    await until(async () => {
      if (ended.code === 1 && ended.stderr.includes('could not be started')) ended = await work();
      return ended.code !== 1;
    });
    return ended;
  }

  function start(words: string[]): ChildProcess {
    return launch(folder, words, {});
  }

  function run(words: string[], environment = {}, bin = BIN): Promise<Ended> {
    return ended(launch(folder, words, environment, bin));
  }
});

describeOnEachEngine('the command line beside a running service', (engine) => {
  let installation: Installation;
  let service: Service;
  let origin: ImageOrigin;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'image-processing-command-'));
    origin = await serveImages({ '/a.jpg': await photo(300, 200) });
    installation = await engine.install();
    service = await Service.start({
      ...installation.environment,
      PORT: '0',
      API_KEYS: 'a-key-of-this-test',
      ALLOW_PRIVATE: '127.0.0.1',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await installation?.remove();
    await origin.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('leaves the images there, or takes them home', async () => {
    const csv = `S. No.,Product Name,Input Image Urls\n1,Mug,${origin.url('/a.jpg')}\n`;
    writeFileSync(path.join(folder, 'products.csv'), csv);
    const words = ['compress', 'products.csv', '--server', service.client.url];
    const key = { API_KEY: 'a-key-of-this-test' };

    expect(await ended(launch(folder, words, {}))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('API_KEY_MISSING'),
    });
    expect((await ended(launch(folder, words, key))).code).toBe(0);
    expect(readFileSync(path.join(folder, 'products-output.csv'), 'utf8')).toContain(
      `${service.client.url}/images/`,
    );
    expect((await ended(launch(folder, [...words, '--out-dir', 'pictures'], key))).code).toBe(0);
    const rows = rowOf(1, 'Image URL') + rowOf(2, origin.url('/a.jpg'));
    writeFileSync(path.join(folder, 'products.xlsx'), await workbookOf({ sheets: [{ rows }] }));
    const workbook = ['compress', 'products.xlsx', '-o', 'out.xlsx', '--server', service.client.url];
    expect((await ended(launch(folder, workbook, key))).code).toBe(0);
    expect(readFileSync(path.join(folder, 'out.xlsx'), 'latin1')).toMatch(/^PK/);
    const [picture] = readdirSync(path.join(folder, 'pictures'));
    expect(readFileSync(path.join(folder, 'products-output.csv'), 'utf8')).toContain(`,pictures/${picture}`);
  });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function launch(cwd: string, words: string[], environment: object, bin = BIN): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ALLOW_PRIVATE: '127.0.0.1', ...environment };
  return spawn(process.execPath, [bin, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk) => (texts.stdout += String(chunk)));
  child.stderr!.on('data', (chunk) => (texts.stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...texts };
}
