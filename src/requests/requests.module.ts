import { Module } from '@nestjs/common';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { RepeatedImages } from './repeated-images.service.js';
import { RequestEvents } from './request-events.service.js';
import { RequestFiles } from './request-files.service.js';
import { RequestHosts } from './request-hosts.service.js';
import { RequestReader } from './request-reader.service.js';
import { RequestsController } from './requests.controller.js';
import { RequestsService } from './requests.service.js';
import { RequestWebhooksController } from './request-webhooks.controller.js';
import { StatusController } from './status.controller.js';

/** The requests: their rows, their counters, and what clients are told of them. */
@Module({
  imports: [WebhooksModule],
  controllers: [StatusController, RequestsController, RequestWebhooksController],
  providers: [RequestsService, RepeatedImages, RequestReader, RequestFiles, RequestHosts, RequestEvents],
  exports: [RequestsService, RepeatedImages],
})
export class RequestsModule {}
