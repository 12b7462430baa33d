import { Module } from '@nestjs/common';
import { RequestEvents } from './request-events.js';
import { RequestFiles } from './request-files.js';
import { RequestHosts } from './request-hosts.js';
import { RequestReader } from './request-reader.js';
import { RequestsController } from './requests.controller.js';
import { RequestsService } from './requests.service.js';
import { StatusController } from './status.controller.js';

/** The requests: their rows, their counters, and what clients are told of them. */
@Module({
  controllers: [StatusController, RequestsController],
  providers: [RequestsService, RequestReader, RequestFiles, RequestHosts, RequestEvents],
  exports: [RequestsService, RequestReader],
})
export class RequestsModule {}
