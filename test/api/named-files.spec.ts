import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../helpers/paths.js';

const FOLDERS = ['bench', 'migrations', 'scripts', 'src', 'test', 'web'];
const NAMED_FILE = /`([\w./-]+\.(?:ts|tsx|mjs))`/g;

describe('docs/architecture.md', () => {
  const text = readFileSync(path.join(ROOT, 'docs/architecture.md'), 'utf8');
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
      (name) => `/${folder}/${name}`,
    ),
  )
    .filter((file) => !file.includes('node_modules'))
    .concat('/eslint.config.mjs');

  it('names files that there are', () => {
    const named = [...text.matchAll(NAMED_FILE)].map(([, file]) => file);

    expect(named.length).toBeGreaterThan(80);
    expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([
      'utils.ts', // "no `utils.ts`"
    ]);
  });
});
