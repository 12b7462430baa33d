import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSettings } from '../config/settings.js';
import { SettingsError } from '../errors/app-error.js';
import { secretKey } from './secret-key.js';

describe('the secret key', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'secret-key-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const inFolder = (name = '.') => readSettings({ DATA_DIR: path.join(folder, name) });

  it('is that of the settings, and then no file is made', () => {
    const SECRET_KEY = 'x'.repeat(32);

    expect(secretKey(readSettings({ DATA_DIR: folder, SECRET_KEY }))).toBe(SECRET_KEY);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is made once, for the owner’s eyes only, in a folder that may not exist yet', () => {
    const key = secretKey(inFolder('new'));

    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    expect(secretKey(inFolder('new'))).toBe(key);
    expect(readdirSync(path.join(folder, 'new'))).toEqual(['secret.key']);
    expect(statSync(path.join(folder, 'new/secret.key')).mode & 0o777).toBe(0o600);
  });

  it('is the same for processes that make it at the same moment', async () => {
    const script = `
      require(${JSON.stringify(require.resolve('@swc/core'))});
      const fs = require('node:fs'), swc = require('@swc/core'), path = require('node:path');
      const source = fs.readFileSync(${JSON.stringify(path.join(__dirname, 'secret-key.ts'))}, 'utf8');
      const { code } = swc.transformSync(source, { jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } });
      const loaded = { exports: {} };
      new Function('require', 'exports', 'module', code)(
        (name) => (name.startsWith('.') ? { SettingsError: Error } : require(name)), loaded.exports, loaded);
      while (Date.now() < Number(process.argv[1]));
      console.log(loaded.exports.secretKey({ dataPath: (name) => path.join(process.argv[2], name) }));`;
    const at = String(Date.now() + 2500);

    const keys = await Promise.all(Array.from({ length: 6 }, () => outputOf(['-e', script, at, folder])));

    expect(new Set(keys).size).toBe(1);
    expect(Buffer.from(keys[0], 'base64')).toHaveLength(32);
    expect(readdirSync(folder)).toEqual(['secret.key']);
  });

  it('is not made anew where the file has lost its content', () => {
    writeFileSync(path.join(folder, 'secret.key'), '');

    expect(() => secretKey(inFolder())).toThrow(SettingsError);
    expect(() => secretKey(inFolder())).toThrow('secret.key holds no key');
  });

  it('says which setting is wrong where the folder is none', () => {
    writeFileSync(path.join(folder, 'file'), '');

    expect(() => secretKey(inFolder('file'))).toThrow(/^DATA_DIR: .*\((EEXIST|ENOTDIR)\)/);
  });
});

function outputOf(parameters: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, parameters, { cwd: path.resolve(__dirname, '../..') });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('close', (code) => (code === 0 ? resolve(text.trim()) : reject(new Error(text))));
  });
}
