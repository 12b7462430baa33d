import { Module } from '@nestjs/common';
import { RepeatedImages } from './repeated-images.service.js';
import { RequestFiles } from './request-files.service.js';
import { RequestHosts } from './request-hosts.service.js';
import { RequestReader } from './request-reader.service.js';
import { RequestsController } from './requests.controller.js';
import { RequestsService } from './requests.service.js';
import { StatusController } from './status.controller.js';

/** The requests: their rows, their counters, and what clients are told of them. */
@Module({
  controllers: [StatusController, RequestsController],
  providers: [RequestsService, RepeatedImages, RequestReader, RequestFiles, RequestHosts],
  exports: [RequestsService, RepeatedImages],
})
export class RequestsModule {}
