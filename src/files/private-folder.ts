import { mkdirSync, statSync } from 'node:fs';
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
    mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
  } catch (error) {
    throw new SettingsError(`DATA_DIR can't be made a folder (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Whether other users of this machine may read or enter the folder. */
export function isOpenToOthers(folder: string): boolean {
  return (statSync(folder).mode & ANYBODY_ELSE) !== 0;
}
