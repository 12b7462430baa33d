import { TABLE_WARNINGS, type TableWarningCode } from '../../errors/table-codes.js';
import { IMAGE_ENDING } from './characters.js';

const IMAGE_BEFORE = new RegExp(`\\.(?:${IMAGE_ENDING})(?:\\?[^#]*)?#`, 'i');
const IMAGE_BEHIND = new RegExp(`#.*\\.(?:${IMAGE_ENDING})$`, 'i');

const WARNING: { code: TableWarningCode; message: string } = {
  code: 'FRAGMENT_IGNORED',
  message: TABLE_WARNINGS.FRAGMENT_IGNORED,
};

/** A warning where a `#` seems to be part of a file's name (`shoe#2.jpg`), since it ends what a server is asked for; or null. */
export function ignoredFragment(url: string): typeof WARNING | null {
  if (!url.includes('#') || url.endsWith('#')) return null;
  return IMAGE_BEHIND.test(url) || !IMAGE_BEFORE.test(url) ? WARNING : null;
}
