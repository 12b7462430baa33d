import { ValidationPipe } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';

/**
 * Refuses fields that the class of a body or a query does not have, since whoever misspells one would never learn of it.
 * It comes after the application's own pipe, which has looked at the others.
 *
 * @param message what to say of the first one
 * @throws AppError `UNKNOWN_FIELD`
 */
export const noOtherFields = (message: (field: string) => string) =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => {
      const details = errors.map(({ property }) => ({ field: property, message: 'there is no such field' }));
      return new AppError('UNKNOWN_FIELD', message(details[0].field), { details });
    },
  });

/** {@link noOtherFields} of a body. */
export const NO_OTHER_FIELDS = noOtherFields((field) => `There is no field "${field}" here.`);
