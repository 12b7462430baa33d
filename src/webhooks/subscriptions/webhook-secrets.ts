import { Inject, Injectable } from '@nestjs/common';
import { hkdfSync } from 'node:crypto';
import { settings, type Settings } from '../../config/settings.js';
import type { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { open, seal } from './secret-box.js';
import { secretKey } from './secret-key.js';
import { webhookSecret } from './webhook-secret.js';

const KEY_BYTES = 32;

type Holder = Pick<
  WebhookEndpointEntity,
  'id' | 'requestKey' | 'secret' | 'previousSecret' | 'previousSecretUntil'
>;

/** The secrets that sign: sealed in the database, open only in the memory of a process that has `SECRET_KEY`. */
@Injectable()
export class WebhookSecrets {
  private readonly sealingKey: Buffer;

  /** Signs what goes to the `webhook_url` of an upload. It changes with `SECRET_KEY`, and only then. */
  readonly ofService: string;

  /** @throws SettingsError as {@link secretKey} */
  constructor(@Inject(settings.KEY) values: Settings) {
    const key = secretKey(values);
    this.sealingKey = derive(key, 'webhook secrets at rest');
    this.ofService = webhookSecret(derive(key, 'webhook secret of the service'));
  }

  /** For the database. */
  seal(endpointId: string, secret: string): string {
    return seal(this.sealingKey, secret, endpointId);
  }

  /** An endpoint's current secret, or null where it was sealed under another `SECRET_KEY`. */
  current(endpoint: Holder): string | null {
    if (endpoint.requestKey !== null) return this.ofService;
    return open(this.sealingKey, endpoint.secret ?? '', endpoint.id);
  }

  /** The secrets that sign for an endpoint at the time `now`, the newest first; null as {@link current}. */
  signing(endpoint: Holder, now: number): string[] | null {
    const current = this.current(endpoint);
    if (current === null) return null;
    const { previousSecret, previousSecretUntil } = endpoint;
    if (previousSecret === null || (previousSecretUntil ?? 0) <= now) return [current];
    const previous = open(this.sealingKey, previousSecret, endpoint.id);
    return previous === null ? [current] : [current, previous];
  }
}

/** A key for one use: whoever learns one of them learns neither the other nor `SECRET_KEY`. */
function derive(secret: string, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', use, KEY_BYTES));
}
