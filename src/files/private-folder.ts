import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { SettingsError } from '../errors/app-error.js';

const OWNER_ONLY = 0o700;
const ANYBODY_ELSE = 0o077;

/**
 * Makes the folder `DATA_DIR` where there is none, for its owner only. Calling it again is fine: a folder that exists
 * keeps its permissions.
 * @throws SettingsError if there can be no such folder
 */
export function makePrivateFolder(folder: string): void {
  try {
    makeFolders(path.resolve(folder));
  } catch (error) {
    throw new SettingsError(`DATA_DIR can't be made a folder (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/**
 * With those above it that are missing. Node's own `recursive` never returns where a folder that is there answers that it is not, as
 * `/proc` does (Node 20.20).
 */
function makeFolders(folder: string): void {
  if (isFolder(folder)) return;
  makeFolders(path.dirname(folder));
  try {
    mkdirSync(folder, { mode: OWNER_ONLY });
  } catch (error) {
    if (!isFolder(folder)) throw error; // another process may have made it meanwhile
  }
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether other users of this machine may read or enter the folder. */
export function isOpenToOthers(folder: string): boolean {
  return (statSync(folder).mode & ANYBODY_ELSE) !== 0;
}
