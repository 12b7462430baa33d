import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Settings } from '../config/settings.js';
import { SettingsError } from '../errors/app-error.js';

const FILE = 'secret.key';
const OWNER_ONLY = 0o600;

/**
 * `SECRET_KEY`, or else that of the file `secret.key` in `DATA_DIR`, which is made at the first call. Processes that
 * call it at the same moment get the same key.
 * @throws SettingsError where the file can't be read or made, or holds no key
 */
export function secretKey(settings: Settings): string {
  if (settings.SECRET_KEY) return settings.SECRET_KEY;
  const file = settings.dataPath(FILE);
  try {
    return readKey(file) ?? makeKey(file);
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError(`DATA_DIR: the file ${FILE} can't be read or made (${code}).`);
  }
}

function readKey(file: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (text.length >= 32) return text;
  throw new SettingsError(
    `DATA_DIR: the file ${FILE} holds no key. Put it back from a backup, or remove it and rotate every webhook secret.`,
  );
}

/** A link fails where there is a file already, and shows the whole content at once, so the first process wins. */
function makeKey(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { mode: OWNER_ONLY, flush: true });
  try {
    chmodSync(draft, OWNER_ONLY); // also where the umask says otherwise
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readKey(file)!;
}
