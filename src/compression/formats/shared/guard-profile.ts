import { ImageError } from '../../../errors/app-error.js';
import { MAX_PROFILE_BYTES, profileTooLarge } from '../file-format.js';

/** ICC.1:2022, 7.3: the count of the tags, then for each its name, place and length. */
const TAGS_AT = 128;
const FIRST_TAG_AT = 132;
const TAG_BYTES = 12;
/** lcms applies no profile of more (MAX_TABLE_TAG), so that its other tags cost nothing. Those in use have some twenty. */
const MAX_TAGS = 100;

/**
 * Refuses a colour profile that would cost more than the pixels: one of multi-process elements (ICC.1:2022, 10.16) may run any number of
 * them, which share their bytes. A profile of 0.4 MB was not applied after 40 s; others took 3 GB. Profiles of cameras, screens and printers
 * have tables and curves.
 *
 * @throws ImageError IMAGE_METADATA_TOO_LARGE, FORMAT_NOT_SUPPORTED
 */
export function guardProfile(icc: Buffer): void {
  if (icc.length > MAX_PROFILE_BYTES) throw profileTooLarge();
  const count = icc.length < FIRST_TAG_AT ? 0 : icc.readUInt32BE(TAGS_AT);
  const end = Math.min(FIRST_TAG_AT + TAG_BYTES * count, icc.length - TAG_BYTES + 1);
  if (count > MAX_TAGS) return;
  for (let at = FIRST_TAG_AT; at < end; at += TAG_BYTES) {
    const place = icc.readUInt32BE(at + 4);
    if (icc.toString('latin1', place, place + 4) === 'mpet') throw unusualProfile();
  }
}

function unusualProfile(): ImageError {
  const text =
    'The colour profile of the image is of a kind that is not supported; convert the image to sRGB.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}
