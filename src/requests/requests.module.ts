import { Module } from '@nestjs/common';
import { ChannelsController } from './channels/channels.controller.js';
import { DownloadsController } from './downloads/downloads.controller.js';
import { RequestWorkbooks } from './downloads/request-workbook.js';
import { RequestZips } from './downloads/request-zip.js';
import { ImageHeaders } from './image-headers.js';
import { RequestEvents } from './request-events.js';
import { RequestFiles } from './request-files.js';
import { RequestHosts } from './request-hosts.js';
import { RequestList } from './listing/request-list.js';
import { RequestReader } from './request-reader.js';
import { LiveController } from './live/live.controller.js';
import { LiveListeners } from './live/live-listeners.js';
import { RequestWatches } from './live/request-watches.js';
import { SettledImages } from './live/settled-images.js';
import { Waiting } from './live/waiting.js';
import { RequestsController } from './requests.controller.js';
import { RequestsService } from './requests.service.js';
import { RemovalController } from './removal/removal.controller.js';
import { RequestRemoval } from './removal/request-removal.js';
import { Retention } from './removal/retention.js';
import { StatusController } from './status.controller.js';

/** The requests: their rows, their counters, and what clients are told of them. */
@Module({
  controllers: [
    ChannelsController,
    StatusController,
    RequestsController,
    DownloadsController,
    LiveController,
    RemovalController,
  ],
  providers: [
    RequestsService,
    RequestReader,
    RequestFiles,
    RequestHosts,
    RequestList,
    RequestZips,
    RequestWorkbooks,
    RequestEvents,
    RequestRemoval,
    Retention,
    ImageHeaders,
    RequestWatches,
    SettledImages,
    LiveListeners,
    Waiting,
  ],
  exports: [RequestsService, RequestReader, RequestEvents, RequestRemoval, Retention, ImageHeaders, Waiting],
})
export class RequestsModule {}
