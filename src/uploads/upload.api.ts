import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiHeader, getSchemaPath } from '@nestjs/swagger';
import { WORKBOOK_TYPE } from './bodies/csv-body.js';
import { codesAt } from '../errors/error-codes.js';
import { ApiCall } from '../http/description/api-call.js';
import { errorExample } from '../http/description/error-response.dto.js';
import { PreferWait, REQUEST_STATUS_HEADER } from '../requests/live/prefer-wait.js';
import { type CsvFaultResponse, DryRunResponse, UploadForm, UploadResponse } from './upload.dto.js';

const DRY_RUN: DryRunResponse = {
  rows: 2,
  rows_without_images: 0,
  lines_without_images: [],
  images: 3,
  distinct_urls: 3,
  sample_urls: ['https://images.example.com/mug.jpg'],
  image_names: [],
  hosts: { total: 1, items: [{ host: 'images.example.com', images: 3 }] },
  repairs: { total: 1, items: [{ line: 2, column: 'Input Image Urls', code: 'URLS_OVERFLOWED' }] },
  faults: { total: 1, items: errorExample('CSV_INVALID').details as CsvFaultResponse[] },
  warnings: { total: 0, items: [] },
  profile: {
    id: 'standard',
    title: 'Table of products with image URLs',
    summary: 'Table of products with image URLs: 2 rows, 1 column of images',
    image_columns: ['Input Image Urls'],
    name_column: 'Product Name',
  },
  layout: {
    columns: [
      { name: 'S. No.', role: 'serial' },
      { name: 'Product Name', role: 'product' },
      { name: 'Input Image Urls', role: 'input' },
    ],
    delimiter: ',',
    encoding: 'utf-8',
    sheet: null,
  },
  columns: [
    { name: 'S. No.', role: 'serial', samples: ['1', '2'] },
    { name: 'Product Name', role: 'product', samples: ['SKU1', 'SKU2'] },
    { name: 'Input Image Urls', role: 'input', samples: ['https://images.example.com/mug.jpg'] },
  ],
  lines: [],
};

const ACCEPTED = {
  description: 'Accepted; in a dry run: what is in the file',
  headers: {
    Location: {
      description: 'Where the request is described; not in a dry run',
      schema: { type: 'string', example: '/requests/4010a3f5-e94e-461d-bb2f-6b1ecc5941a8' },
    },
    ...REQUEST_STATUS_HEADER,
    'Idempotent-Replayed': {
      description: '`true` where an earlier upload under the same Idempotency-Key has made the request',
      schema: { type: 'string', example: 'true' },
    },
  },
  content: {
    'application/json': {
      schema: { oneOf: [UploadResponse, DryRunResponse].map((model) => ({ $ref: getSchemaPath(model) })) },
      examples: {
        accepted: { value: { request_id: '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8' } },
        'dry run': { value: DRY_RUN },
      },
    },
    'text/csv': { schema: { type: 'string' } },
    [WORKBOOK_TYPE]: { schema: { type: 'string', format: 'binary' } },
  },
} as const;

/** How `POST /upload` is described in the API document. */
export const ApiUpload = () =>
  applyDecorators(
    ApiCall({
      operationId: 'uploadFile',
      summary: 'Upload a CSV file or an Excel workbook',
      description:
        'The file part may have any name. The body may also be the file itself, as `text/csv` or with the type of a workbook, with the ' +
        'fields of the form as parameters of the query. `Location` leads to the request. Where anything is wrong, nothing is stored.\n\n' +
        'With `dry_run=true` nothing is stored or fetched: the answer says what is in the file, or with ' +
        '`Accept: text/csv` is the file as it would be read; where it has `patches`, the file with these and all else as it stands (a ' +
        'workbook where `Accept` is the type of one).',
      answer: ACCEPTED,
      errors: [
        'FILE_MISSING',
        'TOO_MANY_FILES',
        'CSV_INVALID',
        ...codesAt('file'),
        'INVALID_PARAMETER',
        'PRESET_UNKNOWN',
        'PATCH_INVALID',
        'IMAGE_NAME_INVALID',
        'IMAGE_NAME_NOT_POSSIBLE',
        'FREE_SPACE_LOW',
        'UNKNOWN_FIELD',
        'BAD_REQUEST',
        'IDEMPOTENCY_KEY_INVALID',
        'WEBHOOK_URL_CONFLICT',
        'WEBHOOK_URL_INVALID',
        'WEBHOOK_URL_REFUSED',
        'IDEMPOTENCY_KEY_REUSED',
        'QUOTA_EXCEEDED',
        'RATE_LIMITED',
        'TOO_MANY_WRONG_KEYS',
        'STORED_BYTES_EXCEEDED',
        'ROLE_NOT_ALLOWED',
        'TOKEN_NOT_ALLOWED',
        'FOREIGN_ORIGIN',
        'FORWARDED_CALL',
        'BODY_TOO_LARGE',
        'DATABASE_UNAVAILABLE',
        'STORAGE_UNAVAILABLE',
      ],
    }),
    PreferWait,
    ApiConsumes('multipart/form-data', 'text/csv', WORKBOOK_TYPE),
    ApiBody({ type: UploadForm }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Any text of yours up to 255 characters: a repeated upload with it gets the first request again',
    }),
    ApiExtraModels(UploadResponse, DryRunResponse),
  );
