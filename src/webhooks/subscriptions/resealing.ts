import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { IsNull, Not } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Those with a secret of their own. */
const SEALED = { secret: Not(IsNull()) };

/**
 * With `SECRET_KEY_PREVIOUS`, seals the secrets of webhooks anew at the start, so that the previous key is needed no more. Several
 * processes may do it at once. Without it, warns where the secrets were sealed under another key.
 */
@Injectable()
export class Resealing implements OnApplicationBootstrap {
  private readonly logger = new Logger(Resealing.name);

  constructor(
    private readonly database: Database,
    private readonly secrets: WebhookSecrets,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.settings.SECRET_KEY_PREVIOUS) return this.look();
    const endpoints = await this.database.manager.findBy(WebhookEndpointEntity, SEALED);
    let count = 0;
    for (const endpoint of endpoints) if (await this.reseal(endpoint)) count++;
    this.logger.log(
      `SECRET_KEY_PREVIOUS: the secrets of ${count} webhooks were sealed anew, ${endpoints.length - count} needed it not`,
    );
  }

  /** The newest one tells: a key that opens it was there before. */
  private async look(): Promise<void> {
    const newest = { where: SEALED, order: { key: 'DESC' as const } };
    const endpoint = await this.database.manager.findOne(WebhookEndpointEntity, newest);
    if (!endpoint || this.secrets.current(endpoint) !== null) return;
    this.logger.warn(
      'SECRET_KEY is not the one under which the secrets of webhooks were sealed: their deliveries wait. ' +
        'Name that one in SECRET_KEY_PREVIOUS.',
    );
  }

  /** Only what is still as it was read: it may be rotated, or sealed anew elsewhere, at this moment. */
  private async reseal(endpoint: WebhookEndpointEntity): Promise<boolean> {
    const { key, secret, previousSecret } = endpoint;
    const resealed = this.secrets.reseal(endpoint);
    if (!resealed) return false;
    const { affected } = await this.database.write((manager) =>
      manager.update(
        WebhookEndpointEntity,
        { key, secret: secret!, previousSecret: previousSecret ?? IsNull() },
        resealed,
      ),
    );
    return affected === 1;
  }
}
