import { applyDecorators } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiConflictResponse, ApiNotFoundResponse } from '@nestjs/swagger';
import { NewWebhookBody, SecretBody } from './webhook-bodies.dto.js';

const described = (description: string, code: string, error: string) => ({
  description,
  schema: { example: { error, code } },
});

const NEW_WEBHOOK = {
  url: 'https://shop.example.com/hooks/images',
  event_types: ['request.completed', 'image.failed'],
  description: 'The shop',
};

// What is sent from /docs as it stands there; without an example it would be a secret called "string", which is refused.
/** The body of a subscription. */
export const ApiNewWebhookBody = () =>
  ApiBody({ type: NewWebhookBody, examples: { 'with a secret of ours': { value: NEW_WEBHOOK } } });

/** The body of a rotation, which may be left out. */
export const ApiSecretBody = () =>
  ApiBody({ type: SecretBody, required: false, examples: { 'with a secret of ours': { value: {} } } });

/** How the errors of the webhooks' routes are described at `/docs`. */
export const ApiInvalidBody = () =>
  ApiBadRequestResponse(
    described(
      'Something in the body can’t be taken: `INVALID_PARAMETER`, `UNKNOWN_FIELD`, `JSON_INVALID`, `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED` or ' +
        '`WEBHOOK_SECRET_INVALID`',
      'WEBHOOK_URL_REFUSED',
      "The webhook can't be called: the host is not on the public internet.",
    ),
  );

export const ApiWebhookNotFound = () =>
  ApiNotFoundResponse(
    described('There is no such webhook', 'WEBHOOK_NOT_FOUND', 'There is no such webhook.'),
  );

export const ApiDeliveryNotFound = () =>
  ApiNotFoundResponse(
    described('There is no such delivery', 'DELIVERY_NOT_FOUND', 'There is no such delivery.'),
  );

export const ApiWebhookDisabled = () =>
  ApiConflictResponse(
    described(
      'It is disabled',
      'WEBHOOK_DISABLED',
      'The webhook is disabled; switch it on first (`"active": true`).',
    ),
  );

/** For what needs a webhook that is there and on. */
export const ApiNeedsActiveWebhook = () => applyDecorators(ApiWebhookNotFound(), ApiWebhookDisabled());
