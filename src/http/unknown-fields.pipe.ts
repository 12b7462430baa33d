import { ValidationPipe } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';

/**
 * Refuses fields that the class of a body or a query does not have, since a misspelt field would go unnoticed otherwise.
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
      const unknown = errors.filter(({ constraints = {} }) => 'whitelistValidation' in constraints);
      if (unknown.length === 0) return new AppError('INVALID_PARAMETER'); // the other pipe says more
      const details = unknown.map(({ property }) => ({ field: property, message: 'there is no such field' }));
      return new AppError('UNKNOWN_FIELD', message(details[0].field), { details });
    },
  });

/** {@link noOtherFields} of a body. */
export const NO_OTHER_FIELDS = noOtherFields((field) => `There is no field "${field}" here.`);

/** {@link noOtherFields} of a query. */
export const NO_OTHER_PARAMETERS = noOtherFields((field) => `There is no query parameter "${field}" here.`);
