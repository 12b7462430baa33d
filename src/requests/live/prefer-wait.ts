import { ApiHeader } from '@nestjs/swagger';
import { REQUEST_STATUSES } from '../request.dto.js';

/** Describes the header that makes a call wait for the end of its request. */
export const PreferWait = ApiHeader({
  name: 'Prefer',
  required: false,
  schema: { type: 'string', example: 'wait=30' },
  description:
    '`wait=<seconds>`: answer when the request has ended, or after so many seconds (60 at most). `X-Request-Status` says ' +
    'how far it is then',
});

/** How the header of such an answer is described. */
export const REQUEST_STATUS_HEADER = {
  'X-Request-Status': {
    description: 'With `Prefer: wait`: the status of the request',
    schema: { type: 'string', enum: REQUEST_STATUSES },
  },
};
