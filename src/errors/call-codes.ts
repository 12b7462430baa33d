import type { ErrorFacts } from './error-facts.js';

/** Errors that answer calls, by status, but for those of access. Some of them also end images and deliveries. */
export const CALL_CODES = {
  BAD_REQUEST: {
    status: 400,
    retryable: false,
    sentence: 'The request could not be understood.',
    where: ['call'],
  },
  INVALID_PARAMETER: {
    status: 400,
    retryable: false,
    sentence: 'A parameter or a field has a value that is not allowed; `details` names each of them.',
    where: ['call'],
  },
  IMAGE_NAME_INVALID: {
    status: 400,
    retryable: false,
    sentence:
      'The field image_name is text with the placeholders {sku}, {product}, {serial}, {original}, {n}, {hash} and {column:<name>}.',
    where: ['call'],
  },
  IMAGE_NAME_NOT_POSSIBLE: {
    status: 400,
    retryable: false,
    sentence:
      'This service gives out addresses in its bucket (S3_PUBLIC_URL), where a file has one name: leave image_name out.',
    where: ['call'],
  },
  PRESET_UNKNOWN: {
    status: 400,
    retryable: false,
    sentence: 'There is no preset of the name that was given; GET /presets lists those that there are.',
    where: ['call'],
  },
  PRESET_NAME_INVALID: {
    status: 400,
    retryable: false,
    sentence:
      'The name of a preset has 1 to 40 small letters, digits, - and _, and begins with a letter or digit.',
    where: ['call'],
  },
  UNKNOWN_FIELD: {
    status: 400,
    retryable: false,
    sentence: 'A field or a query parameter does not exist; check its spelling.',
    where: ['call'],
  },
  JSON_INVALID: {
    status: 400,
    retryable: false,
    sentence: 'The body is not valid JSON.',
    where: ['call'],
  },
  JSON_TOO_DEEP: {
    status: 400,
    retryable: false,
    sentence: 'The JSON of the body is nested deeper than 32 levels.',
    where: ['call'],
  },
  FILE_MISSING: {
    status: 400,
    retryable: false,
    sentence:
      'Send the file as a part of a multipart form; curl does so with -F file=@products.csv as its option.',
    where: ['call'],
  },
  TOO_MANY_FILES: {
    status: 400,
    retryable: false,
    sentence: 'Send one file at a time.',
    where: ['call'],
  },
  CSV_INVALID: {
    status: 400,
    retryable: false,
    sentence:
      'The file has faults. Correct the lines listed in `details`, or send `on_invalid=skip` to leave them out.',
    where: ['call'],
  },
  PATCH_INVALID: {
    status: 400,
    retryable: false,
    sentence: 'The file has no such line or column as `patches` names; `details` has each of them.',
    where: ['call'],
  },
  IDEMPOTENCY_KEY_INVALID: {
    status: 400,
    retryable: false,
    sentence: 'An Idempotency-Key has 1 to 255 printable ASCII characters.',
    where: ['call'],
  },
  WEBHOOK_URL_CONFLICT: {
    status: 400,
    retryable: false,
    sentence: 'The upload names several webhook URLs; give one of them.',
    where: ['call'],
  },
  WEBHOOK_URL_INVALID: {
    status: 400,
    retryable: false,
    sentence: 'The webhook URL is not a URL that can be called; give a whole http or https URL.',
    where: ['call'],
  },
  WEBHOOK_URL_REFUSED: {
    status: 400,
    retryable: false,
    sentence: 'The webhook URL is not on the public internet, or browsers block its port.',
    where: ['call'],
  },
  WEBHOOK_SECRET_INVALID: {
    status: 400,
    retryable: false,
    sentence: 'A secret is `whsec_` and 24 to 64 random bytes in base64.',
    where: ['call'],
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is nothing at this address.',
    where: ['call'],
  },
  REQUEST_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no request with this id.',
    where: ['call'],
  },
  IMAGE_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no image at this address.',
    where: ['call'],
  },
  SAMPLE_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no sample with this name.',
    where: ['call'],
  },
  WEBHOOK_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no webhook with this id.',
    where: ['call'],
  },
  PRESET_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no preset of this name.',
    where: ['call'],
  },
  DELIVERY_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no delivery with this id.',
    where: ['call'],
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    sentence: 'This address does not take this method.',
    where: ['call'],
  },
  REQUEST_TIMEOUT: {
    status: 408,
    retryable: true,
    sentence: 'The request did not arrive in time.',
    where: ['call'],
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 409,
    retryable: false,
    sentence: 'This Idempotency-Key was used for another upload; choose a new one.',
    where: ['call'],
  },
  REQUEST_NOT_FINISHED: {
    status: 409,
    retryable: true,
    sentence: 'The request has not ended yet; try again when its `is_final` is true.',
    where: ['call'],
  },
  IMAGE_NOT_DONE: {
    status: 409,
    retryable: false,
    sentence:
      'Only an image that is done is made anew. One that failed is tried again by POST /requests/<id>/retry.',
    where: ['call'],
  },
  REDO_IN_WORK: {
    status: 409,
    retryable: true,
    sentence: 'The image is being made anew already; try again when its `redo` has another state.',
    where: ['call'],
  },
  SOURCE_GONE: {
    status: 409,
    retryable: false,
    sentence:
      'The source of the image was fetched with headers, and neither is kept any more. Upload the file again with `keep_sources`, or give a `url`.',
    where: ['call'],
  },
  NOTHING_TO_UNDO: {
    status: 409,
    retryable: false,
    sentence: 'The image was not made anew, so there is no earlier output of it.',
    where: ['call'],
  },
  NOT_A_WORKBOOK: {
    status: 409,
    retryable: false,
    sentence: 'The request was not made of an Excel workbook; take output.csv.',
    where: ['call'],
  },
  UPLOAD_NOT_KEPT: {
    status: 409,
    retryable: false,
    sentence: 'The file of this request is not there any more; upload it again.',
    where: ['call'],
  },
  TOO_MANY_WEBHOOKS: {
    status: 409,
    retryable: false,
    sentence: 'There are 100 webhooks already; delete one that is not needed any more.',
    where: ['call'],
  },
  TOO_MANY_PRESETS: {
    status: 409,
    retryable: false,
    sentence: 'There are 100 presets already; delete one that is not needed any more.',
    where: ['call'],
  },
  WEBHOOK_DISABLED: {
    status: 409,
    retryable: false,
    sentence: 'The webhook is disabled; enable it first (`"active": true`).',
    where: ['call', 'delivery'],
  },
  WEBHOOK_SECRET_CHANGED: {
    status: 409,
    retryable: true,
    sentence: 'Another call changed the secret at the same moment; try again.',
    where: ['call'],
  },
  BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    sentence: 'The body of the call is larger than this service takes.',
    where: ['call'],
  },
  PREVIEW_TOO_LARGE: {
    status: 413,
    retryable: false,
    sentence: 'A preview is made of images of at most 12 MB.',
    where: ['call'],
  },
  MEDIA_TYPE_NOT_SUPPORTED: {
    status: 415,
    retryable: false,
    sentence: 'Send the body as JSON, with the header "Content-Type: application/json".',
    where: ['call'],
  },
  PREVIEW_IMPOSSIBLE: {
    status: 422,
    retryable: false,
    sentence: 'The image of the preview can not be fetched or compressed; `details` has its error.',
    where: ['call'],
  },
  TOO_MANY_PREVIEWS: {
    status: 429,
    retryable: true,
    sentence: 'Too many previews are waiting; try again in a second.',
    where: ['call'],
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    sentence: 'Something went wrong in the service.',
    where: ['call', 'image', 'delivery'],
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    sentence: 'The database does not answer at the moment; try again later.',
    where: ['call'],
  },
  TOO_MANY_LISTENERS: {
    status: 503,
    retryable: true,
    sentence:
      'Too many calls wait for events at the moment; ask for the status now and then instead, or try again later.',
    where: ['call'],
  },
  QUEUE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    sentence: 'The job queue does not answer at the moment; try again later.',
    where: ['call'],
  },
  STORAGE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    sentence: 'The service can not store anything at the moment; try again later.',
    where: ['call', 'image'],
  },
  FREE_SPACE_LOW: {
    status: 507,
    retryable: true,
    sentence: 'The disk of the service has less free space than it is to have; try again later.',
    where: ['call'],
  },
} as const satisfies Record<string, ErrorFacts>;
