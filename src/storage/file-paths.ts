import path from 'node:path';

/** Of a file that is named by its content, whose folder would hold it alone. */
const BY_CONTENT = /^([0-9a-f]{2})([0-9a-f]{30})\/([^/]+)$/;
const PATH_BY_CONTENT = /^([0-9a-f]{2})\/([0-9a-f]{30})-([^/]+)$/;

/**
 * Where a key lies below the folder of the storage. A file named by content is in one of 256 folders, not in one of its own:
 * that would cost a folder (4 kB, and two more syncs) for each file. All other keys are paths as they stand.
 */
export function pathOfKey(key: string): string {
  return key.replace(BY_CONTENT, '$1/$2-$3');
}

/** The key of a file by its path below the folder of the storage: the reverse of {@link pathOfKey}. */
export function keyOfPath(file: string): string {
  return file.split(path.sep).join('/').replace(PATH_BY_CONTENT, '$1$2/$3');
}

const TYPES: Record<string, string> = {
  ...{ jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp', avif: 'image/avif', gif: 'image/gif' },
  ...{ tiff: 'image/tiff', gz: 'application/gzip' },
};

/** The MIME type of a file by its name: a disk remembers none. */
export function typeOfKey(key: string): string {
  return TYPES[path.extname(key).slice(1)] ?? 'application/octet-stream';
}
