import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { IsNull, Not } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { WebhookSecrets } from './webhook-secrets.js';

/**
 * With `SECRET_KEY_PREVIOUS`, seals the secrets of webhooks anew at the start, so that the previous key is needed no more. Several
 * processes may do it at once.
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
    if (!this.settings.SECRET_KEY_PREVIOUS) return;
    const endpoints = await this.database.manager.findBy(WebhookEndpointEntity, { secret: Not(IsNull()) });
    let count = 0;
    for (const endpoint of endpoints) if (await this.reseal(endpoint)) count++;
    this.logger.log(
      `SECRET_KEY_PREVIOUS: the secrets of ${count} webhooks were sealed anew, ${endpoints.length - count} needed it not`,
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
