import { ApiProperty } from '@nestjs/swagger';
import { codesAt, type ErrorCode } from '../../errors/error-codes.js';

/** Why an image failed, or could not be made anew. */
export class ImageErrorResponse {
  /** One of the codes of images, or `HTTP_` and the status that the server answered. New ones may be added. */
  @ApiProperty({
    anyOf: [
      { type: 'string', enum: codesAt('image') },
      { type: 'string', pattern: '^HTTP_\\d{3}$' },
    ],
    example: 'HTTP_404',
  })
  code!: ErrorCode;
  message!: string;
  /** Whether another try can succeed although nobody has changed anything. */
  retryable!: boolean;
}
