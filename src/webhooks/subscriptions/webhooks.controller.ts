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
import { ApiTags } from '@nestjs/swagger';
import type { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { factsOf } from '../../errors/error-codes.js';
import type { EventType } from '../../events/event-types.js';
import { ApiCall } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { isoTime } from '../../http/json-formats.js';
import { pageOf, PageQuery } from '../../http/page-query.dto.js';
import { Caller, Needs, type Principal } from '../../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import type {
  ServiceSecretResponse,
  WebhookPageResponse,
  WebhookResponse,
  WebhookWithSecretResponse,
} from './webhook.dto.js';
import { NewWebhookBody, SecretBody, WebhookChangesBody } from './webhook-bodies.dto.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { ApiNewWebhookBody, ApiSecretBody, SUBSCRIPTION_CALLS } from './webhooks.api.js';
import { type SubscriptionChanges, SubscriptionsService, type WithSecret } from './subscriptions.service.js';

/** Subscriptions to events. */
@ApiTags('webhooks')
@UseGuards(JsonBodyGuard)
@Controller('webhooks')
export class WebhooksController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly secrets: WebhookSecrets,
  ) {}

  @Get('service-secret')
  @ApiCall(SUBSCRIPTION_CALLS.serviceSecret)
  @Needs('write') // it is a secret
  serviceSecret(@Caller() { ownerKey }: Principal): ServiceSecretResponse {
    return { secret: this.secrets.ofOwner(ownerKey) };
  }

  @Post()
  @ApiCall(SUBSCRIPTION_CALLS.create)
  @ApiNewWebhookBody()
  async create(
    @Body(NO_OTHER_FIELDS) body: NewWebhookBody,
    @Caller() caller: Principal,
  ): Promise<WebhookWithSecretResponse> {
    return withSecret(await this.subscriptions.create(caller, body.url, toChanges(body), body.secret));
  }

  @Get()
  @ApiCall(SUBSCRIPTION_CALLS.list)
  async list(
    @Query() { limit, cursor }: PageQuery,
    @Caller() caller: Principal,
  ): Promise<WebhookPageResponse> {
    const found = await this.subscriptions.list(caller, limit + 1, Number(cursor ?? 0));
    const { page, next_cursor } = pageOf(found, limit, ({ key }) => key);
    return { items: page.map(toResponse), next_cursor };
  }

  @Get(':id')
  @ApiCall(SUBSCRIPTION_CALLS.describe)
  async describe(@Param('id') id: string): Promise<WebhookResponse> {
    return toResponse(await this.subscriptions.get(id));
  }

  @Patch(':id')
  @ApiCall(SUBSCRIPTION_CALLS.change)
  async change(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) body: WebhookChangesBody,
  ): Promise<WebhookResponse> {
    return toResponse(await this.subscriptions.change(id, toChanges(body)));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiCall(SUBSCRIPTION_CALLS.remove)
  remove(@Param('id') id: string): Promise<void> {
    return this.subscriptions.remove(id);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @ApiCall(SUBSCRIPTION_CALLS.rotateSecret)
  @ApiSecretBody()
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
    event_types: endpoint.eventTypes.split(',') as EventType[],
    description: endpoint.description,
    active: endpoint.isActive === 1,
    disabled_reason: code === null ? null : { code, message: factsOf(code).sentence },
    disabled_at: isoTime(endpoint.disabledAt),
    failing_since: isoTime(endpoint.failingSince),
    previous_secret_until: isoTime(previousSecretUntil),
    created_at: isoTime(endpoint.createdAt),
  };
}

function withSecret({ endpoint, secret }: WithSecret): WebhookWithSecretResponse {
  return { ...toResponse(endpoint), secret };
}
