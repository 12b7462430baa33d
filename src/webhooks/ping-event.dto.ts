import { ApiProperty } from '@nestjs/swagger';
import { PING } from '../events/event-types.js';
import { EventBody } from '../requests/request-events.dto.js';

export class PingEventData {
  /** The subscription that is tested. */
  @ApiProperty({ format: 'uuid' })
  webhook_id!: string;
}

/** `POST /webhooks/<id>/test` was called. */
export class PingEvent extends EventBody {
  @ApiProperty({ enum: [PING] })
  type!: typeof PING;
  data!: PingEventData;
}
