import { isWebhookSecret, webhookSecret } from './webhook-secret.js';

describe('a webhook secret', () => {
  it('of our own is as the specification says', () => {
    expect(isWebhookSecret(webhookSecret())).toBe(true);
    expect(webhookSecret()).not.toBe(webhookSecret());
  });

  it.each([
    ['24 bytes', webhookSecret(Buffer.alloc(24, 1)), true],
    ['64 bytes', webhookSecret(Buffer.alloc(64, 1)), true],
    ['23 bytes', webhookSecret(Buffer.alloc(23, 1)), false],
    ['65 bytes', webhookSecret(Buffer.alloc(65, 1)), false],
    ['no prefix', Buffer.alloc(32, 1).toString('base64'), false],
    ['base64 for URLs', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`, false],
    ['something behind it', `${webhookSecret()}\n`, false],
    ['no text at all', '', false],
  ])('of %s: %s is taken: %s', (_name, secret, isTaken) => {
    expect(isWebhookSecret(secret)).toBe(isTaken);
  });
});
