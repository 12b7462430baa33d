import { ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { type CallCode, ERROR_CODES, factsOf } from '../../errors/error-codes.js';

/** The codes of {@link ErrorResponse}. */
const CALL_CODES = (Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]).filter(
  (code) => factsOf(code).status !== null,
);

const EXAMPLE_CALL_ID = '4f0c1c9e-6f5b-4f0e-9b55-0d3c2f6f6a0e';

/** What is wrong with one field of a form, a body or a query. */
export class FieldFaultResponse {
  field!: string;
  /** What the field must be. */
  message!: string;
}

/** Every error but the 404 of `/status`. */
export class ErrorResponse {
  /** One sentence: what happened, and what to do about it. It may change; test `code` instead. */
  error!: string;

  /** Never changes; new ones may be added. */
  @ApiProperty({ enum: CALL_CODES, enumName: 'ErrorCode' })
  code!: CallCode;

  /** One entry per fault, where there can be several: fields, or rows of an uploaded file. */
  @ApiPropertyOptional({
    type: 'array',
    items: {
      oneOf: [{ $ref: getSchemaPath(FieldFaultResponse) }, { $ref: getSchemaPath('CsvFaultResponse') }],
    },
  })
  details?: unknown[];

  /** The id of this call, as in the header `X-Request-Id`: yours if you sent one, else a new one. The log has it, too. */
  @ApiProperty({ example: EXAMPLE_CALL_ID })
  call_id!: string;
}

/** `details` in the examples of those codes that have some. */
const EXAMPLE_DETAILS: Partial<Record<CallCode, object[]>> = {
  INVALID_PARAMETER: [{ field: 'limit', message: 'limit must be a whole number from 1 to 1000' }],
  UNKNOWN_FIELD: [{ field: 'qualty', message: 'there is no such field' }],
  CSV_INVALID: [
    {
      line: 3,
      column: 'Input Image Urls',
      value: 'www.example.com/2.jpg',
      code: 'URL_INVALID',
      hint: 'Write the whole address, beginning with http:// or https://, or empty the cell.',
    },
  ],
};

/** The body of an error with this code, as the API document shows it. */
export function errorExample(code: CallCode): ErrorResponse {
  const details = EXAMPLE_DETAILS[code];
  return { error: factsOf(code).sentence, code, ...(details && { details }), call_id: EXAMPLE_CALL_ID };
}
