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
    IsOptional(),
    IsIn([...choices], { message: `$property must be given once, as one of ${choices.join(', ')}` }),
  );
