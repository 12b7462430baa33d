import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { MAIN, ROOT } from '../helpers/paths.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';

const run = promisify(execFile);
const TEXT = readFileSync(path.join(ROOT, 'docs/api.md'), 'utf8');

/** The pieces of code of a language, in their order. */
function examples(language: string): string[] {
  return [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code);
}

/** What stands for something that is another each time: `…` with what is before it, and instants. */
const ANYTHING = /\s*[0-9a-f]*…\s*|\d{4}-\d\d-\d\dT[\d:.]+Z/;

/** Commands of a console and what they print. */
const SESSIONS = examples('console').flatMap((session) =>
  session
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const [command] = /^(?:.*\\\n)*.*\n/.exec(part)!;
      return { command: command.trim(), printed: part.slice(command.length).trim() };
    }),
);

describeOnEachEngine('the examples of docs/api.md', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let folder: string;
  const calledBack: string[] = [];
  const variables: Record<string, string> = {};

  beforeAll(async () => {
    installation = await engine.install();
    folder = mkdtempSync(path.join(tmpdir(), 'docs-examples-'));
    origin = await serveImages({
      '/mug.jpg': await photo(64, 48),
      '/hooks/images': (request, response) => {
        calledBack.push(request.url!);
        response.end();
      },
    });
    app = await startApp(installation, {
      API_KEYS: 'a-key-of-the-settings',
      CORS_ORIGINS: 'https://shop.example',
    });
    const csv = csvOf([['Blue Mug', [origin.url('/mug.jpg')]]]);
    writeFileSync(path.join(folder, 'products.csv'), csv);
    Object.assign(variables, { URL: app.client.url });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
    rmSync(folder, { recursive: true });
  });

  /** The example with addresses of this test in the place of those in it. */
  const here = (code: string) =>
    code
      .replaceAll('http://127.0.0.1:3000', app.client.url)
      .replaceAll('https://images.example.com', origin.url(''))
      .replaceAll('https://shop.example.com', origin.url(''))
      .replaceAll('npm run keys --', `"${process.execPath}" "${MAIN}" --keys`);
  const inFolder = () => ({
    cwd: folder,
    env: { PATH: process.env.PATH, ...installation.environment, ...variables },
  });
  const bash = async (code: string) => (await run('bash', ['-ec', here(code)], inFolder())).stdout;
  const outputFile = () => readFileSync(path.join(folder, 'output.csv'), 'utf8');

  it('make an admin key, a key of an owner and a token, and print what stands there', async () => {
    for (const { command, printed } of SESSIONS) {
      const output = (await bash(command)).trim();

      const literal = printed.split(ANYTHING).map((text) => text.replace(/[.*+?^$(){}|[\]\\]/g, '\\$&'));
      expect(output).toMatch(new RegExp(`^${literal.join('[^]*')}$`));
      const [key] = /ipk_[\w-]{43}/.exec(output) ?? [];
      if (key) variables[variables.ADMIN ? 'KEY' : 'ADMIN'] = key;
    }
    expect(variables).toMatchObject({ ADMIN: expect.any(String), KEY: expect.any(String) });
  });

  it('in bash upload, wait and get the file back', async () => {
    const [products, file, ...others] = examples('bash');

    const request = JSON.parse(await bash(products));
    await bash(file);

    expect(others).toEqual([]);
    expect(request).toMatchObject({ id: expect.any(String), options: { quality: 50 } });
    expect(outputFile()).toContain(`${app.client.url}/images/`);
    await until(() => calledBack.length > 0);
  });

  it('in TypeScript follow the request, and get the file back', async () => {
    const [code, ...others] = examples('ts');
    const given = `const key = process.env.KEY!; const csv = ${JSON.stringify(readFileSync(path.join(folder, 'products.csv'), 'utf8'))};\n`;
    const program = ts.transpileModule(`${given}${here(code)}\nprocess.stdout.write(output);`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      reportDiagnostics: true,
    });
    writeFileSync(path.join(folder, 'example.mjs'), program.outputText);

    const { stdout } = await run(process.execPath, ['example.mjs'], inFolder());

    expect([program.diagnostics, others]).toEqual([[], []]);
    expect(stdout).toContain(`${app.client.url}/images/`);
  });

  it('in TypeScript are free of errors of types', () => {
    const file = path.join(folder, 'example.mts');
    writeFileSync(file, `declare const key: string, csv: string;\n${examples('ts').join('')}`);
    const program = ts.createProgram([file], {
      ...{ strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022 },
      ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
      ...{ types: ['node'], typeRoots: [path.join(ROOT, 'node_modules/@types')] },
    });

    const messages = ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);

    expect(messages).toEqual([]);
  });

  it('in Python upload, wait and get the file back', async () => {
    const [code, ...others] = examples('python');
    rmSync(path.join(folder, 'output.csv'), { force: true });

    await run('python3', ['-c', here(code)], inFolder());

    expect(others).toEqual([]);
    expect(outputFile()).toContain(`${app.client.url}/images/`);
  });
});
