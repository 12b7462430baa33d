import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import {
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { NeedsApiKey } from '../../http/api-key.guard.js';
import type { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import { PageQuery } from '../page-query.dto.js';
import { JsonBodyGuard } from '../../http/json-body.guard.js';
import { DISABLED_REASONS } from './endpoint-health.js';
import {
  ServiceSecretResponse,
  WebhookPageResponse,
  WebhookResponse,
  WebhookWithSecretResponse,
} from './webhook.dto.js';
import { NewWebhookBody, SecretBody, WebhookChangesBody } from './webhook-bodies.dto.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { ApiInvalidBody, ApiNewWebhookBody, ApiSecretBody, ApiWebhookNotFound } from './webhooks.api.js';
import { type SubscriptionChanges, SubscriptionsService, type WithSecret } from './subscriptions.service.js';

/** Subscriptions to events. */
@ApiTags('webhooks')
@NeedsApiKey()
@UseGuards(JsonBodyGuard)
@Controller('webhooks')
export class WebhooksController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly secrets: WebhookSecrets,
  ) {}

  @Get('service-secret')
  @ApiOperation({ summary: 'The secret that signs what goes to the `webhook_url` of an upload' })
  @ApiOkResponse({ type: ServiceSecretResponse })
  serviceSecret(): ServiceSecretResponse {
    return { secret: this.secrets.ofService };
  }

  @Post()
  @ApiOperation({ summary: 'Subscribe to events; the only time that the secret is shown' })
  @ApiNewWebhookBody()
  @ApiCreatedResponse({ type: WebhookWithSecretResponse })
  @ApiInvalidBody()
  @ApiConflictResponse({ description: '`TOO_MANY_WEBHOOKS`: there are a hundred already' })
  async create(@Body(NO_OTHER_FIELDS) body: NewWebhookBody): Promise<WebhookWithSecretResponse> {
    return withSecret(await this.subscriptions.create(body.url, toChanges(body), body.secret));
  }

  @Get()
  @ApiOperation({ summary: 'The subscriptions, in the order in which they were made' })
  @ApiOkResponse({ type: WebhookPageResponse })
  async list(@Query() { limit, cursor }: PageQuery): Promise<WebhookPageResponse> {
    const found = await this.subscriptions.list(limit + 1, Number(cursor ?? 0));
    const page = found.slice(0, limit);
    return {
      items: page.map(toResponse),
      next_cursor: found.length > limit ? String(page[limit - 1].key) : null,
    };
  }

  @Get(':id')
  @ApiOperation({ summary: 'A subscription' })
  @ApiOkResponse({ type: WebhookResponse })
  @ApiWebhookNotFound()
  async describe(@Param('id') id: string): Promise<WebhookResponse> {
    return toResponse(await this.subscriptions.get(id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a subscription, or switch it off and on' })
  @ApiOkResponse({ type: WebhookResponse })
  @ApiInvalidBody()
  @ApiWebhookNotFound()
  async change(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) body: WebhookChangesBody,
  ): Promise<WebhookResponse> {
    return toResponse(await this.subscriptions.change(id, toChanges(body)));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a subscription; its deliveries are removed with it' })
  @ApiNoContentResponse()
  @ApiWebhookNotFound()
  remove(@Param('id') id: string): Promise<void> {
    return this.subscriptions.remove(id);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give it a new secret, shown this once; for 24 hours the old one signs as well',
  })
  @ApiSecretBody()
  @ApiOkResponse({ type: WebhookWithSecretResponse })
  @ApiInvalidBody()
  @ApiWebhookNotFound()
  @ApiConflictResponse({ description: '`WEBHOOK_SECRET_CHANGED`: another call did the same at that moment' })
  async rotateSecret(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) body?: SecretBody,
  ): Promise<WebhookWithSecretResponse> {
    return withSecret(await this.subscriptions.rotateSecret(id, body?.secret));
  }
}

function toChanges(body: WebhookChangesBody | NewWebhookBody): SubscriptionChanges {
  const { url, event_types, description, active } = body;
  return { url, eventTypes: event_types, description, isActive: active };
}

function toResponse(endpoint: WebhookEndpointEntity): WebhookResponse {
  const { disabledCode: code, previousSecretUntil } = endpoint;
  return {
    id: endpoint.id,
    url: endpoint.url,
    event_types: endpoint.eventTypes.split(','),
    description: endpoint.description,
    active: endpoint.isActive === 1,
    disabled_reason: code === null ? null : { code, message: DISABLED_REASONS[code] },
    disabled_at: isoTime(endpoint.disabledAt),
    failing_since: isoTime(endpoint.failingSince),
    previous_secret_until: isoTime(previousSecretUntil),
    created_at: isoTime(endpoint.createdAt)!,
  };
}

function withSecret({ endpoint, secret }: WithSecret): WebhookWithSecretResponse {
  return { ...toResponse(endpoint), secret };
}

function isoTime(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
