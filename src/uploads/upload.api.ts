import { applyDecorators } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiConflictResponse,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPayloadTooLargeResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { errorExample, ErrorResponse } from '../requests/request.dto.js';
import { DryRunResponse, UploadForm, UploadResponse } from './upload.dto.js';

const FAULT = {
  line: 3,
  column: 'Input Image Urls',
  value: 'www.example.com/2.jpg',
  code: 'URL_INVALID',
  hint: 'Write the whole address, beginning with http:// or https://.',
};

const DRY_RUN: DryRunResponse = {
  rows: 2,
  images: 3,
  distinct_urls: 3,
  hosts: { total: 1, items: [{ host: 'images.example.com', images: 3 }] },
  repairs: { total: 1, items: [{ line: 2, column: 'Input Image Urls', code: 'URLS_OVERFLOWED' }] },
  faults: { total: 1, items: [FAULT] },
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

/** How `POST /upload` is described at `/docs`. */
export const ApiUpload = () =>
  applyDecorators(
    ApiOperation({
      summary: 'Upload a CSV file',
      description:
        'The file part may have any name. `Location` leads to the request. Where anything is wrong, nothing is stored.\n\n' +
        'With `dry_run=true` nothing is stored or fetched: the answer says what is in the file, or with ' +
        '`Accept: text/csv` is the file as it would be read.',
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
    ApiOkResponse({
      description: 'Accepted, or in a dry run what is in the file',
      headers: { Location: { schema: { type: 'string', example: '/requests/<request_id>' } } },
      content: {
        'application/json': {
          schema: {
            oneOf: [UploadResponse, DryRunResponse].map((model) => ({ $ref: getSchemaPath(model) })),
          },
          examples: {
            accepted: { value: { request_id: '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8' } },
            'dry run': { value: DRY_RUN },
          },
        },
        'text/csv': { schema: { type: 'string' } },
      },
    }),
    ApiBadRequestResponse({
      type: ErrorResponse,
      description:
        'No file, no CSV, a field that does not exist, or faults in the CSV: one entry in `details` for each, the first ' +
        'hundred of them',
      example: { error: 'The file has 1 fault.', code: 'CSV_INVALID', details: [FAULT] },
    }),
    ApiConflictResponse({
      type: ErrorResponse,
      description: 'The `Idempotency-Key` was used for another upload',
      example: errorExample('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another upload.'),
    }),
    ApiPayloadTooLargeResponse({
      type: ErrorResponse,
      description: 'The file is larger than `MAX_UPLOAD_BYTES`',
      example: errorExample('BODY_TOO_LARGE', 'The body of the call is larger than this service takes.'),
    }),
  );
