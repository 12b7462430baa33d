import type { Type } from '@nestjs/common';
import { getSchemaPath } from '@nestjs/swagger';
import type { EventType, PING } from '../events/event-types.js';
import type { DocumentParts } from '../http/description/open-api-document.js';
import {
  ImageFailedEvent,
  RequestCancelledEvent,
  RequestCompletedEvent,
  RequestProcessingEvent,
} from '../requests/request-events.dto.js';
import { PingEvent } from './ping-event.dto.js';

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

/** As the Standard Webhooks specification says. */
const SIGNATURE_HEADERS = [
  header('webhook-id', 'The event: the same on every try', 'evt_c2VjcmV0IGFuZCByYW5kb20'),
  header('webhook-timestamp', 'When this try was made, in seconds since 1970', '1769860800'),
  header(
    'webhook-signature',
    '`v1,` and the base64 of the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>` with the secret; during a ' +
      'rotation two of them, separated by a blank',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
];

const RESPONSES = {
  '2XX': { description: 'Delivered. Answer within 15 seconds, and do the work afterwards' },
  '410': { description: 'The webhook is disabled: the receiver wants no more' },
  '4XX': { description: 'Any other status is a failure, and tried again later; a redirect is not followed' },
};

const EVENTS: Record<EventType | typeof PING, { operationId: string; summary: string; model: Type }> = {
  'request.processing': {
    operationId: 'onRequestProcessing',
    summary: 'The work on a request has begun',
    model: RequestProcessingEvent,
  },
  'request.completed': {
    operationId: 'onRequestCompleted',
    summary: 'The last image of a request has ended, also where images failed',
    model: RequestCompletedEvent,
  },
  'request.cancelled': {
    operationId: 'onRequestCancelled',
    summary: 'A request was cancelled, and the last image that was at work has ended',
    model: RequestCancelledEvent,
  },
  'image.failed': {
    operationId: 'onImageFailed',
    summary: 'An image has failed for good; only for those who subscribe to it',
    model: ImageFailedEvent,
  },
  ping: {
    operationId: 'onPing',
    summary: '`POST /webhooks/{id}/test` was called',
    model: PingEvent,
  },
};

/** How the calls to receivers are described in the API document. */
export const EVENT_DESCRIPTIONS: DocumentParts = {
  models: Object.values(EVENTS).map(({ model }) => model),
  webhooks: Object.fromEntries(
    Object.entries(EVENTS).map(([type, { operationId, summary, model }]) => [
      type,
      {
        post: {
          operationId,
          summary,
          tags: ['webhooks'],
          security: [],
          parameters: SIGNATURE_HEADERS,
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: getSchemaPath(model) } } },
          },
          responses: RESPONSES,
        },
      },
    ]),
  ),
};
