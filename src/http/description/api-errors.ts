import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, type ApiResponseNoStatusOptions, getSchemaPath } from '@nestjs/swagger';
import { type CallCode, factsOf } from '../../errors/error-codes.js';
import { errorExample, ErrorResponse, FieldFaultResponse } from './error-response.dto.js';

/** Answers after which a client should wait. */
const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer', example: 5 } },
};
const STATUSES_TO_WAIT = [429, 503];

/** The responses of the API document for errors with these codes, by status: description and examples are the registry's. */
export function errorResponses(codes: readonly CallCode[]): Map<number, ApiResponseNoStatusOptions> {
  const byStatus = new Map<number, CallCode[]>();
  for (const code of codes) {
    const status = factsOf(code).status!;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return new Map([...byStatus].map(([status, group]) => [status, errorResponse(status, group)]));
}

/** Describes the errors of a call. Once for each method: a second one replaces the first where both have a status. */
export const ApiErrors = (...codes: CallCode[]) =>
  applyDecorators(
    ApiExtraModels(ErrorResponse, FieldFaultResponse),
    ...[...errorResponses(codes)].map(([status, response]) => ApiResponse({ status, ...response })),
  );

function errorResponse(status: number, codes: CallCode[]): ApiResponseNoStatusOptions {
  return {
    description: codes.map((code) => `\`${code}\`: ${factsOf(code).sentence}`).join('\n\n'),
    ...(STATUSES_TO_WAIT.includes(status) && { headers: RETRY_AFTER }),
    content: {
      'application/json': {
        schema: { $ref: getSchemaPath(ErrorResponse) },
        examples: Object.fromEntries(codes.map((code) => [code, { value: errorExample(code) }])),
      },
    },
  };
}
