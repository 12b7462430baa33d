import { Module } from '@nestjs/common';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { RequestEvents } from './request-events.js';
import { RequestFiles } from './request-files.js';
import { RequestHosts } from './request-hosts.js';
import { RequestReader } from './request-reader.js';
import { RequestsController } from './requests.controller.js';
import { RequestsService } from './requests.service.js';
import { RequestWebhooksController } from './request-webhooks.controller.js';
import { StatusController } from './status.controller.js';

/** The requests: their rows, their counters, and what clients are told of them. */
@Module({
  imports: [WebhooksModule],
  controllers: [StatusController, RequestsController, RequestWebhooksController],
  providers: [RequestsService, RequestReader, RequestFiles, RequestHosts, RequestEvents],
  exports: [RequestsService],
})
export class RequestsModule {}
