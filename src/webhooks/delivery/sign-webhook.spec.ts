import { Webhook } from 'standardwebhooks';
import { webhookSecret } from '../subscriptions/webhook-secret.js';
import { webhookHeaders } from './sign-webhook.js';

describe('the signature of a webhook', () => {
  it('is that of the specification’s example', () => {
    const headers = webhookHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1614265330,
      body: '{"test": 2432232314}',
    });

    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is accepted by the specification’s own verifier, under each of the secrets and no other', () => {
    const [old, current, foreign] = [webhookSecret(), webhookSecret(), webhookSecret()];
    const body = JSON.stringify({ name: 'Стул 🪑 椅子' });
    const message = { id: 'evt_1', timestamp: Math.floor(Date.now() / 1000), body };

    const headers = webhookHeaders([current, old], message);

    for (const secret of [old, current])
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(foreign).verify(body, headers)).toThrow('No matching signature');
    expect(() => new Webhook(current).verify(`${body} `, headers)).toThrow('No matching signature');
  });
});
