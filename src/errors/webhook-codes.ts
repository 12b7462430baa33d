import type { ErrorFacts } from './error-facts.js';

/** Errors of webhooks that answer no call. */
export const WEBHOOK_CODES = {
  SECRET_UNREADABLE: {
    status: null,
    retryable: true,
    sentence:
      'The secret of the webhook can not be read with this SECRET_KEY; set the right one, or rotate the secret.',
    where: ['delivery'],
  },
  ENDPOINT_GONE: {
    status: null,
    retryable: false,
    sentence: 'The receiver answered with status 410: it wants no more.',
    where: ['webhook'],
  },
  ENDPOINT_FAILING: {
    status: null,
    retryable: false,
    sentence: 'No try has succeeded for five days.',
    where: ['webhook'],
  },
} as const satisfies Record<string, ErrorFacts>;
