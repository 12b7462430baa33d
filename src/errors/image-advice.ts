import type { CodeAt } from './error-codes.js';

const AGAIN = 'Try it again later.';
const OTHER_LINK = 'Use the address of the picture itself.';
const MAKE_SMALLER = 'Make the picture smaller first.';
const UPLOAD_AGAIN = 'Upload the picture to its host again.';

/** What whoever has the file can do where an image has failed, in plain words; for one that does not fit each rule has its own. */
const ADVICE: Record<Exclude<CodeAt<'image'>, 'DOES_NOT_FIT'>, string> = {
  URL_INVALID: 'Write the whole link, beginning with http:// or https://.',
  ADDRESS_REFUSED: 'Put the picture where everybody on the internet can load it.',
  HOST_NOT_FOUND: 'Look for a spelling mistake in the link.',
  CONNECTION_FAILED: 'Check that the server is running, then try it again.',
  TLS_FAILED: 'Ask the owner of the server to mend its certificate.',
  TIMEOUT: AGAIN,
  TOO_MANY_REDIRECTS: OTHER_LINK,
  INSECURE_REDIRECT: OTHER_LINK,
  DOWNLOAD_TOO_LARGE: MAKE_SMALLER,
  EMPTY_BODY: UPLOAD_AGAIN,
  CONTENT_ENCODING_REFUSED: 'Ask the owner of the server to send the picture as it is.',
  RESPONSE_INVALID: 'Ask the owner of the server what is wrong with it.',
  INTERNAL: AGAIN,
  STORAGE_UNAVAILABLE: AGAIN,
  NOT_AN_IMAGE: OTHER_LINK,
  FORMAT_NOT_SUPPORTED: 'Save the picture as a usual JPEG, PNG or WebP file.',
  IMAGE_CORRUPT: UPLOAD_AGAIN,
  IMAGE_TOO_MANY_PIXELS: MAKE_SMALLER,
  IMAGE_TOO_MANY_FRAMES: 'Make the animation shorter first.',
  IMAGE_METADATA_TOO_LARGE: 'Save the picture again without its metadata.',
  IMAGE_TOO_SLOW: 'Save the picture again as JPEG or PNG.',
  PROCESSING_CRASHED: 'Save the picture again as JPEG or PNG.',
  IMAGE_CANCELLED: 'Go on with the rest of the file to have it.',
  REQUEST_STALLED: AGAIN,
};

const BY_STATUS: Record<string, string> = {
  HTTP_401: 'Make the link public, or ask the owner of the server for access.',
  HTTP_403: 'Make the link public, or ask the owner of the server to let this service in.',
  HTTP_404: 'There is nothing at this link. Look for a spelling mistake in it.',
  HTTP_408: AGAIN,
  HTTP_410: 'The picture was removed for good. Put a new link into your file.',
  HTTP_425: AGAIN,
  HTTP_429: AGAIN,
};

/** What to do about an image with a code; empty for a code that only a newer version knows. */
export function imageAdvice(code: string): string {
  if (Object.hasOwn(ADVICE, code)) return ADVICE[code as keyof typeof ADVICE];
  if (/^HTTP_5/.test(code)) return AGAIN;
  return (
    BY_STATUS[code] ?? (code.startsWith('HTTP_') ? 'Open the link in a browser to see what is wrong.' : '')
  );
}
