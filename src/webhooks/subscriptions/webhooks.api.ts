import { ApiBody } from '@nestjs/swagger';
import { type CallDescription, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { NewWebhookBody, SecretBody } from './webhook-bodies.dto.js';
import {
  ServiceSecretResponse,
  WebhookPageResponse,
  WebhookResponse,
  WebhookWithSecretResponse,
} from './webhook.dto.js';

/** How the calls about subscriptions are described in the API document. */
export const SUBSCRIPTION_CALLS = {
  serviceSecret: {
    operationId: 'getServiceSecret',
    summary: 'The secret that signs what goes to the `webhook_url` of an upload',
    answer: { type: ServiceSecretResponse },
  },
  create: {
    operationId: 'createWebhook',
    summary: 'Subscribe to events; the only time that the secret is shown',
    answer: { type: WebhookWithSecretResponse, status: 201 },
    errors: [
      ...JSON_BODY_ERRORS,
      'WEBHOOK_URL_INVALID',
      'WEBHOOK_URL_REFUSED',
      'WEBHOOK_SECRET_INVALID',
      'TOO_MANY_WEBHOOKS',
    ],
  },
  list: {
    operationId: 'listWebhooks',
    summary: 'The subscriptions, in the order in which they were made',
    answer: { type: WebhookPageResponse },
    errors: ['INVALID_PARAMETER'],
  },
  describe: {
    operationId: 'getWebhook',
    summary: 'A subscription',
    answer: { type: WebhookResponse },
    errors: ['WEBHOOK_NOT_FOUND'],
  },
  change: {
    operationId: 'updateWebhook',
    summary: 'Change a subscription, or disable and enable it',
    answer: { type: WebhookResponse },
    errors: [...JSON_BODY_ERRORS, 'WEBHOOK_URL_INVALID', 'WEBHOOK_URL_REFUSED', 'WEBHOOK_NOT_FOUND'],
  },
  remove: {
    operationId: 'deleteWebhook',
    summary: 'End a subscription; its deliveries are removed with it',
    answer: { status: 204 },
    errors: ['WEBHOOK_NOT_FOUND'],
  },
  rotateSecret: {
    operationId: 'rotateWebhookSecret',
    summary: 'Give a subscription a new secret, shown this once; for 24 hours the old one signs as well',
    answer: { type: WebhookWithSecretResponse },
    errors: [...JSON_BODY_ERRORS, 'WEBHOOK_SECRET_INVALID', 'WEBHOOK_NOT_FOUND', 'WEBHOOK_SECRET_CHANGED'],
  },
} as const satisfies Record<string, CallDescription>;

// `/docs` sends these as they stand; without an example it would send a secret called "string", which is refused.
const NEW_WEBHOOK = {
  url: 'https://shop.example.com/hooks/images',
  event_types: ['request.completed', 'image.failed'],
  description: 'The shop',
};

/** The body of a new subscription. */
export const ApiNewWebhookBody = () =>
  ApiBody({ type: NewWebhookBody, examples: { 'with a secret of the service': { value: NEW_WEBHOOK } } });

/** The body of a rotation, which may be left out. */
export const ApiSecretBody = () =>
  ApiBody({ type: SecretBody, required: false, examples: { 'with a secret of the service': { value: {} } } });
