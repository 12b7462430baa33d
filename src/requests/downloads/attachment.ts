import { toUSVString } from 'node:util';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { nameOf } from './request-name.js';

/**
 * The name under which something of a request is saved, such as `products-output.csv`.
 * @param ending what it is, with the extension: `output.csv`
 */
export function savedName(request: Pick<RequestEntity, 'name' | 'fileName'>, ending: string): string {
  return `${nameOf(request).replace(/[/\\]/g, '-')}-${ending}`;
}

/**
 * The header `Content-Disposition` of a file to be saved (RFC 6266). Names beyond ASCII are sent as `filename*`, which browsers
 * prefer, and for other programs with `_` in place of what they could not read.
 */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]+/g, '_').replace(/["\\%]/g, '_');
  const header = `attachment; filename="${plain}"`;
  return plain === fileName ? header : `${header}; filename*=UTF-8''${encoded(fileName)}`;
}

/** Per cent for all but the letters that RFC 8187 allows. */
function encoded(text: string): string {
  return encodeURIComponent(toUSVString(text)).replace(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
