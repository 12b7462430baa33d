import { type CallDescription, JSON_BODY_ERRORS } from '../../../http/description/api-call.js';
import { DeliveryPageResponse, DeliveryResponse, ReplayResponse } from './delivery.dto.js';

/** How the calls about deliveries are described in the API document. */
export const DELIVERY_CALLS = {
  delivery: {
    operationId: 'getDelivery',
    summary: 'A delivery with the log of its tries',
    answer: { type: DeliveryResponse },
    errors: ['DELIVERY_NOT_FOUND'],
  },
  redeliver: {
    operationId: 'redeliver',
    summary: 'Send a delivery again, under the same `webhook-id`',
    answer: { type: DeliveryResponse, status: 202 },
    errors: ['DELIVERY_NOT_FOUND', 'WEBHOOK_DISABLED'],
  },
  test: {
    operationId: 'testWebhook',
    summary: 'Send a subscription an event of the type `ping`, once',
    answer: { type: DeliveryResponse, status: 202 },
    errors: ['WEBHOOK_NOT_FOUND', 'WEBHOOK_DISABLED'],
  },
  deliveries: {
    operationId: 'listWebhookDeliveries',
    summary: 'What was sent to a subscription or will be, the newest first, each with the log of its tries',
    answer: { type: DeliveryPageResponse },
    errors: ['INVALID_PARAMETER', 'WEBHOOK_NOT_FOUND'],
  },
  replay: {
    operationId: 'replayWebhook',
    summary: 'Send again all that failed since an instant',
    answer: { type: ReplayResponse, status: 202 },
    errors: [...JSON_BODY_ERRORS, 'WEBHOOK_NOT_FOUND', 'WEBHOOK_DISABLED'],
  },
} as const satisfies Record<string, CallDescription>;
