import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse, type ApiResponseOptions } from '@nestjs/swagger';
import type { CallCode } from '../../errors/error-codes.js';
import { ApiErrors } from './api-errors.js';

/** How a call is described in the API document. */
export interface CallDescription {
  /** Its name in a generated client, such as `uploadFile`. Part of the API. */
  operationId: string;
  summary: string;
  description?: string;
  /** What a call that succeeds answers; with status 200 unless another is given. */
  answer: ApiResponseOptions;
  /** Its own errors; those that every call has are added by `openApiDocument`. */
  errors?: readonly CallCode[];
}

/** Describes a call: its name, its answer and its errors. */
export const ApiCall = ({ answer, errors = [], ...operation }: CallDescription) =>
  applyDecorators(
    ApiOperation(operation),
    ApiResponse({ status: 200, description: operation.summary, ...answer }),
    ApiErrors(...errors),
  );

/** Errors of every call that takes a JSON body. */
export const JSON_BODY_ERRORS = [
  'INVALID_PARAMETER',
  'UNKNOWN_FIELD',
  'JSON_INVALID',
  'JSON_TOO_DEEP',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_NOT_SUPPORTED',
] as const satisfies CallCode[];
