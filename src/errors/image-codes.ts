import type { ErrorFacts } from './error-facts.js';

/** Errors of images whose bytes were fetched. Not retryable: the bytes stay the same. */
export const IMAGE_CODES = {
  NOT_AN_IMAGE: {
    status: null,
    retryable: false,
    sentence: 'This is not an image.',
    where: ['image'],
  },
  FORMAT_NOT_SUPPORTED: {
    status: null,
    retryable: false,
    sentence:
      'This kind of image is not supported; use JPEG, PNG, WebP, AVIF, GIF, HEIC, BMP, or TIFF of 8 or 16 bits a channel.',
    where: ['image'],
  },
  IMAGE_CORRUPT: {
    status: null,
    retryable: false,
    sentence: 'The image is damaged or incomplete.',
    where: ['image'],
  },
  IMAGE_TOO_MANY_PIXELS: {
    status: null,
    retryable: false,
    sentence: 'The image has more pixels than MAX_IMAGE_PIXELS, or a side above 100,000.',
    where: ['image'],
  },
  IMAGE_TOO_MANY_FRAMES: {
    status: null,
    retryable: false,
    sentence: 'The animation has too many frames or pixels.',
    where: ['image'],
  },
  IMAGE_METADATA_TOO_LARGE: {
    status: null,
    retryable: false,
    sentence: 'The colour profile or the metadata of the image has more than 4 MiB.',
    where: ['image'],
  },
  IMAGE_TOO_SLOW: {
    status: null,
    retryable: false,
    sentence: 'The image takes too long to decode.',
    where: ['image'],
  },
  PROCESSING_CRASHED: {
    status: null,
    retryable: false,
    sentence: 'Processing this image ended the worker several times.',
    where: ['image'],
  },
  IMAGE_CANCELLED: {
    status: null,
    retryable: true,
    sentence: 'The request was cancelled before this image was begun.',
    where: ['image'],
  },
  DOES_NOT_FIT: {
    status: null,
    retryable: false,
    sentence: 'The image is done, and breaks rules of the channel that it is for; a warning of errors.csv.',
    where: ['image'],
  },
  REQUEST_STALLED: {
    status: null,
    retryable: true,
    sentence: 'No image of the request could be settled for so long that those that were left were given up.',
    where: ['image'],
  },
} as const satisfies Record<string, ErrorFacts>;

/** What was left out of an image that is done, or could not be done as asked: the values of `notes`. They never change. */
export const IMAGE_NOTES = {
  first_frame_only:
    'Only the first frame is delivered: the format has no animation, or there were too many frames or pixels.',
  first_page_only: 'Only the first page of the TIFF is delivered.',
  gain_map_dropped: 'The brighter version for HDR screens is left out, and XMP that points to it.',
  alpha_flattened: 'What was transparent is laid on white: JPEG has no transparency.',
  metadata_dropped: 'Something that `metadata` asks for has no place in this format, or more than 4 MiB.',
  format_not_possible: 'The picture is too large for the format asked for, and keeps its own.',
  size_kept: 'Made smaller it would have more bytes, so it keeps its size and format.',
  larger_than_source:
    'The result has more bytes than its source, which could not be delivered as it is: browsers do not show HEIC and BMP, and a canvas was asked for.',
  canvas_reduced: 'The canvas has 16 million pixels, the most there can be: with more it would be larger.',
  canvas_not_possible: 'The picture is too large to be laid on a canvas, and stays as it is.',
  target_not_reached: 'This comes nearest to the target in the time for one image.',
} as const;
