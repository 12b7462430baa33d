import { ApiProperty } from '@nestjs/swagger';
import type { EventType } from '../events/event-types.js';
import { ImageResponse, RequestResponse } from './request.dto.js';

/** What `GET /requests/<id>` gives at that moment, and two names that receivers look for. */
export class RequestEventData extends RequestResponse {
  /** The same as `id`. */
  @ApiProperty({ format: 'uuid' })
  request_id!: string;

  /** The same as `links.output_csv`. */
  output_csv_url!: string;
}

/** An item of `GET /requests/<id>/images`, and the request that it belongs to. */
export class ImageEventData extends ImageResponse {
  @ApiProperty({ format: 'uuid' })
  request_id!: string;

  /** The run of the request in which it failed. */
  @ApiProperty({ type: 'integer', example: 1 })
  run!: number;
}

/** What every event has. */
export class EventBody {
  /** When it happened. */
  @ApiProperty({ format: 'date-time' })
  timestamp!: string;
}

/** The work on a request has begun. */
export class RequestProcessingEvent extends EventBody {
  @ApiProperty({ enum: ['request.processing'] satisfies EventType[] })
  type!: 'request.processing';
  data!: RequestEventData;
}

/** The last image of a request has ended, also where images failed. */
export class RequestCompletedEvent extends EventBody {
  @ApiProperty({ enum: ['request.completed'] satisfies EventType[] })
  type!: 'request.completed';
  data!: RequestEventData;
}

/** A request was cancelled, and the last image that was at work has ended. */
export class RequestCancelledEvent extends EventBody {
  @ApiProperty({ enum: ['request.cancelled'] satisfies EventType[] })
  type!: 'request.cancelled';
  data!: RequestEventData;
}

/** An image has failed for good. */
export class ImageFailedEvent extends EventBody {
  @ApiProperty({ enum: ['image.failed'] satisfies EventType[] })
  type!: 'image.failed';
  data!: ImageEventData;
}
