import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiHeader, getSchemaPath } from '@nestjs/swagger';
import { codesAt } from '../errors/error-codes.js';
import { ApiCall } from '../http/description/api-call.js';
import { errorExample } from '../http/description/error-response.dto.js';
import { type CsvFaultResponse, DryRunResponse, UploadForm, UploadResponse } from './upload.dto.js';

const DRY_RUN: DryRunResponse = {
  rows: 2,
  images: 3,
  distinct_urls: 3,
  hosts: { total: 1, items: [{ host: 'images.example.com', images: 3 }] },
  repairs: { total: 1, items: [{ line: 2, column: 'Input Image Urls', code: 'URLS_OVERFLOWED' }] },
  faults: { total: 1, items: errorExample('CSV_INVALID').details as CsvFaultResponse[] },
  warnings: { total: 0, items: [] },
  layout: {
    columns: [
      { name: 'S. No.', role: 'serial' },
      { name: 'Product Name', role: 'product' },
      { name: 'Input Image Urls', role: 'input' },
    ],
    delimiter: ',',
    encoding: 'utf-8',
  },
};

const ACCEPTED = {
  description: 'Accepted; in a dry run: what is in the file',
  headers: {
    Location: {
      description: 'Where the request is described; not in a dry run',
      schema: { type: 'string', example: '/requests/4010a3f5-e94e-461d-bb2f-6b1ecc5941a8' },
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
  },
} as const;

/** How `POST /upload` is described in the API document. */
export const ApiUpload = () =>
  applyDecorators(
    ApiCall({
      operationId: 'uploadFile',
      summary: 'Upload a CSV file',
      description:
        'The file part may have any name. `Location` leads to the request. Where anything is wrong, nothing is stored.\n\n' +
        'With `dry_run=true` nothing is stored or fetched: the answer says what is in the file, or with ' +
        '`Accept: text/csv` is the file as it would be read.',
      answer: ACCEPTED,
      errors: [
        'FILE_MISSING',
        'TOO_MANY_FILES',
        'CSV_INVALID',
        ...codesAt('file'),
        'INVALID_PARAMETER',
        'UNKNOWN_FIELD',
        'BAD_REQUEST',
        'IDEMPOTENCY_KEY_INVALID',
        'WEBHOOK_URL_CONFLICT',
        'WEBHOOK_URL_INVALID',
        'WEBHOOK_URL_REFUSED',
        'IDEMPOTENCY_KEY_REUSED',
        'BODY_TOO_LARGE',
        'DATABASE_UNAVAILABLE',
        'STORAGE_UNAVAILABLE',
      ],
    }),
    ApiConsumes('multipart/form-data'),
    ApiBody({ type: UploadForm }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Any text of yours up to 255 characters: a repeated upload with it gets the first request again',
    }),
    ApiExtraModels(UploadResponse, DryRunResponse),
  );
