import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { DEFAULT_OWNER_KEY } from '../../database/entities/access/owner.entity.js';
import type { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { derivedKey } from '../../secrets/derived-key.js';
import { SealingKey } from '../../secrets/sealing-key.js';
import { secretKey } from '../../secrets/secret-key.js';
import { webhookSecret } from './webhook-secret.js';

type Holder = Pick<
  WebhookEndpointEntity,
  'id' | 'ownerKey' | 'requestKey' | 'secret' | 'previousSecret' | 'previousSecretUntil'
>;

/** The secrets that sign: sealed in the database, open only in the memory of a process that has `SECRET_KEY`. */
@Injectable()
export class WebhookSecrets {
  private readonly sealingKey: SealingKey;

  private readonly key: string;

  /** `SECRET_KEY_PREVIOUS`: while it is set, the secrets derived from it sign as well. */
  private readonly keyBefore: string | undefined;

  /** @throws SettingsError as {@link secretKey} */
  constructor(@Inject(settings.KEY) values: Settings) {
    this.key = secretKey(values);
    this.sealingKey = new SealingKey(values, 'webhook secrets at rest');
    this.keyBefore = values.SECRET_KEY_PREVIOUS;
  }

  /**
   * Signs what goes to the `webhook_url` of an upload of this owner: each has one of its own, so that none can pass for
   * another's. It changes with `SECRET_KEY`, and only then.
   */
  ofOwner(ownerKey: number): string {
    return serviceSecret(this.key, ownerKey);
  }

  /** For the database. */
  seal(endpointId: string, secret: string): string {
    return this.sealingKey.seal(secret, endpointId);
  }

  /** An endpoint's current secret, or null where it was sealed under another `SECRET_KEY`. */
  current(endpoint: Holder): string | null {
    if (endpoint.requestKey !== null) return this.ofOwner(endpoint.ownerKey);
    return this.sealingKey.open(endpoint.secret ?? '', endpoint.id);
  }

  /** The secrets that sign for an endpoint at the time `now`, the newest first; null as {@link current}. */
  signing(endpoint: Holder, now: number): string[] | null {
    if (endpoint.requestKey !== null) return this.signingUploads(endpoint.ownerKey);
    const current = this.current(endpoint);
    if (current === null) return null;
    const { previousSecret, previousSecretUntil } = endpoint;
    if (previousSecret === null || (previousSecretUntil ?? 0) <= now) return [current];
    const previous = this.sealingKey.open(previousSecret, endpoint.id);
    return previous === null ? [current] : [current, previous];
  }

  private signingUploads(ownerKey: number): string[] {
    const before = this.keyBefore === undefined ? [] : [serviceSecret(this.keyBefore, ownerKey)];
    return [this.ofOwner(ownerKey), ...before];
  }

  /** Its columns sealed under the present `SECRET_KEY`, or null where nothing is sealed under the previous one. */
  reseal({ id, secret, previousSecret }: Holder): Pick<Holder, 'secret' | 'previousSecret'> | null {
    const current = secret && this.sealingKey.reseal(secret, id);
    const previous = previousSecret && this.sealingKey.reseal(previousSecret, id);
    if (!current && !previous) return null;
    return { secret: current || secret, previousSecret: previous || previousSecret };
  }
}

function serviceSecret(key: string, ownerKey: number): string {
  const use = 'webhook secret of the service';
  return webhookSecret(derivedKey(key, ownerKey === DEFAULT_OWNER_KEY ? use : `${use}, owner ${ownerKey}`));
}
