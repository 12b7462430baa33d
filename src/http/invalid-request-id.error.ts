import { HttpException } from '@nestjs/common';

/** The original system's answer to whatever is no request of ours, kept to the letter. */
export class InvalidRequestIdError extends HttpException {
  constructor() {
    super({ error: 'Invalid request ID' }, 404);
  }
}
