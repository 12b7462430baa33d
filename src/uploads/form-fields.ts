import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';

/** A form sends a field that was left empty as empty text; here that counts as a field that was not sent. */
export const EmptyIsUnset = () => Transform(({ value }) => (value === '' ? undefined : value));

/** A field that is one of a few words, or left out, or empty. `byDefault` is what `/docs` sends. */
export const OneOf = (choices: readonly string[], byDefault: string) =>
  applyDecorators(
    // Without a name for the words: Swagger UI fills in the default only where it stands beside them.
    ApiPropertyOptional({ enum: [...choices], default: byDefault }),
    EmptyIsUnset(),
    BooleanIsText(),
    IsOptional(),
    IsIn([...choices], { message: `$property must be one of ${choices.join(', ')}, and given once only` }),
  );

/** A field that is one of a few words, or left out, or empty, which is what `/docs` sends: what it stands for then is decided elsewhere. */
export const OptionalOneOf = (choices: readonly string[]) =>
  applyDecorators(
    // Empty first: /docs sends the first word along.
    ApiPropertyOptional({ enum: ['', ...choices], example: '' }),
    EmptyIsUnset(),
    BooleanIsText(),
    IsOptional(),
    IsIn([...choices], { message: `$property must be one of ${choices.join(', ')}, and given once only` }),
  );

/** In JSON, `true` may be written without quotes. */
const BooleanIsText = () =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'boolean' ? String(value) : value));

/** In JSON a number may be written as one. */
export const NumberIsText = () =>
  Transform(({ value }) => (typeof value === 'number' ? String(value) : value));
