import { HttpException } from '@nestjs/common';

/** The original system's answer to an id that no request has, kept to the letter. */
export const INVALID_REQUEST_ID = { error: 'Invalid request ID' };

/** There is no request with the id that `/status` was asked for. Answered with 404 {@link INVALID_REQUEST_ID}. */
export class InvalidRequestIdError extends HttpException {
  constructor() {
    super(INVALID_REQUEST_ID, 404);
  }
}
