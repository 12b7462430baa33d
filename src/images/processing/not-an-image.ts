import { ImageError } from '../../errors/app-error.js';

/** Enough of a file to tell what it is. */
const LOOKED_AT = 1_024;

const WEB_PAGE =
  /^\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^]{0,500}?-->\s*)?<(?:!doctype html|html|head|body|script|meta|title)\b/i;
const XML = /^\s*<(?:\?xml|[a-z]\w{0,40}[\s>])/i;
const JSON_START = /^\s*(?:\{\s*["}]|\[\s*[{["\]])/;

/** The error of bytes that are no image, in words that say what they are; null where that can't be told. */
export function notAnImage(bytes: Buffer): ImageError | null {
  const start = bytes.toString('utf8', 0, LOOKED_AT).replace(/^\uFEFF/, '');
  if (WEB_PAGE.test(start))
    return error('The server sent a web page in place of an image; is the link public?');
  if (JSON_START.test(start)) return error('The server sent JSON in place of an image; is the link public?');
  if (XML.test(start)) return error('The server sent XML in place of an image; is the link public?');
  return null;
}

function error(message: string): ImageError {
  return new ImageError('NOT_AN_IMAGE', message);
}
