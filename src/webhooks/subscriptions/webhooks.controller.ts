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
  ApiAcceptedResponse,
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
import { JsonBodyGuard } from '../../http/json-body.guard.js';
import { DISABLED_REASONS } from './endpoint-health.js';
import {
  DeliveryPageResponse,
  DeliveryResponse,
  ReplayResponse,
  ServiceSecretResponse,
  WebhookPageResponse,
  WebhookResponse,
  WebhookWithSecretResponse,
} from './webhook.dto.js';
import {
  beforeOf,
  DeliveriesQuery,
  NewWebhookBody,
  PageQuery,
  ReplayBody,
  SecretBody,
  WebhookChangesBody,
} from './webhooks-query.dto.js';
import { WebhookHistory } from './webhook-history.js';
import { WebhookSecrets } from './webhook-secrets.js';
import {
  ApiDeliveryNotFound,
  ApiInvalidBody,
  ApiNeedsActiveWebhook,
  ApiNewWebhookBody,
  ApiSecretBody,
  ApiWebhookDisabled,
  ApiWebhookNotFound,
} from './webhooks.api.js';
import { type SubscriptionChanges, WebhooksService, type WithSecret } from './webhooks.service.js';

/** Subscriptions to events, and what was delivered to them. */
@ApiTags('webhooks')
@NeedsApiKey()
@UseGuards(JsonBodyGuard)
@Controller('webhooks')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly history: WebhookHistory,
    private readonly secrets: WebhookSecrets,
  ) {}

  @Get('service-secret')
  @ApiOperation({ summary: 'The secret that signs what goes to the `webhook_url` of an upload' })
  @ApiOkResponse({ type: ServiceSecretResponse })
  serviceSecret(): ServiceSecretResponse {
    return { secret: this.secrets.ofService };
  }

  @Get('deliveries/:delivery_id')
  @ApiOperation({ summary: 'A delivery with the log of its tries' })
  @ApiOkResponse({ type: DeliveryResponse })
  @ApiDeliveryNotFound()
  delivery(@Param('delivery_id') id: string): Promise<DeliveryResponse> {
    return this.history.get(id);
  }

  @Post('deliveries/:delivery_id/redeliver')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a delivery again, under the same `webhook-id`' })
  @ApiAcceptedResponse({ type: DeliveryResponse })
  @ApiDeliveryNotFound()
  @ApiWebhookDisabled()
  redeliver(@Param('delivery_id') id: string): Promise<DeliveryResponse> {
    return this.history.redeliver(id);
  }

  @Post()
  @ApiOperation({ summary: 'Subscribe to events; the only time that the secret is shown' })
  @ApiNewWebhookBody()
  @ApiCreatedResponse({ type: WebhookWithSecretResponse })
  @ApiInvalidBody()
  @ApiConflictResponse({ description: '`TOO_MANY_WEBHOOKS`: there are a hundred already' })
  async create(@Body(NO_OTHER_FIELDS) body: NewWebhookBody): Promise<WebhookWithSecretResponse> {
    return withSecret(await this.webhooks.create(body.url, toChanges(body), body.secret));
  }

  @Get()
  @ApiOperation({ summary: 'The subscriptions, in the order in which they were made' })
  @ApiOkResponse({ type: WebhookPageResponse })
  async list(@Query() { limit, cursor }: PageQuery): Promise<WebhookPageResponse> {
    const found = await this.webhooks.list(limit + 1, Number(cursor ?? 0));
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
    return toResponse(await this.webhooks.get(id));
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
    return toResponse(await this.webhooks.change(id, toChanges(body)));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a subscription; its deliveries are removed with it' })
  @ApiNoContentResponse()
  @ApiWebhookNotFound()
  remove(@Param('id') id: string): Promise<void> {
    return this.webhooks.remove(id);
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
    return withSecret(await this.webhooks.rotateSecret(id, body?.secret));
  }

  @Post(':id/test')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send it an event of the type `ping`, once' })
  @ApiAcceptedResponse({ type: DeliveryResponse })
  @ApiNeedsActiveWebhook()
  async test(@Param('id') id: string): Promise<DeliveryResponse> {
    return this.history.get(await this.webhooks.test(id));
  }

  @Get(':id/deliveries')
  @ApiOperation({
    summary: 'What was sent to it or will be, the newest first, each with the log of its tries',
  })
  @ApiOkResponse({ type: DeliveryPageResponse })
  @ApiWebhookNotFound()
  deliveries(@Param('id') id: string, @Query() query: DeliveriesQuery): Promise<DeliveryPageResponse> {
    return this.history.ofWebhook(id, query.status, query.limit, beforeOf(query));
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send again all that failed since a time' })
  @ApiAcceptedResponse({ type: ReplayResponse })
  @ApiInvalidBody()
  @ApiNeedsActiveWebhook()
  async replay(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) { since }: ReplayBody,
  ): Promise<ReplayResponse> {
    return { replayed: await this.history.replay(id, Date.parse(since)) };
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
