import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { NO_OTHER_FIELDS } from './unknown-fields.pipe.js';

/**
 * Checks every parameter, query and body against its class, and makes an object of that class of it.
 * @throws AppError `INVALID_PARAMETER`, with a detail a field; `UNKNOWN_FIELD`: a field of a body or query, at any depth,
 * that is named like something that every object has, such as `__proto__` or `toString`. The validator takes those for known.
 */
export class ParametersPipe extends ValidationPipe {
  constructor() {
    super({ transform: true, exceptionFactory: invalidParameters });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' || metadata.type === 'query') refuseInheritedNames(value);
    try {
      return (await super.transform(value, metadata)) as unknown;
    } catch (error) {
      throw metadata.type === 'body' ? await unknownFieldIn(value, metadata, error) : error;
    }
  }
}

/** Somebody who misspells a field that is needed hears of the misspelling, and not that a field is missing. */
async function unknownFieldIn(value: unknown, metadata: ArgumentMetadata, error: unknown): Promise<unknown> {
  try {
    await NO_OTHER_FIELDS.transform(value, metadata);
    return error;
  } catch (other) {
    return other instanceof AppError && other.code === 'UNKNOWN_FIELD' ? other : error;
  }
}

/** Nest's pipe, or class-transformer below it, takes them out unsaid however deep they are. Bodies of JSON are 32 levels deep at most. */
function refuseInheritedNames(value: unknown, path = ''): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  for (const [name, part] of Object.entries(value)) {
    if (name in Object.prototype || name === 'prototype') throw unknownField(path + name);
    refuseInheritedNames(part, `${path}${name}.`);
  }
}

function unknownField(field: string): AppError {
  return new AppError('UNKNOWN_FIELD', `There is no field "${field}" here.`, {
    details: [{ field, message: 'there is no such field' }],
  });
}

function invalidParameters(errors: ValidationError[]): AppError {
  const details = errors.map(({ property, constraints = {} }) => ({
    field: property,
    message: Object.values(constraints).at(-1) ?? `${property} is not valid`, // the one of the first check
  }));
  return new AppError('INVALID_PARAMETER', `${details[0].message}.`, { details });
}
