import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { ImageClaims } from './image-claims.service.js';
import { ImageDownloader } from './image-downloader.js';
import { ImageQueue } from './image-queue.service.js';
import { ImageTries } from './image-tries.service.js';
import { ImagesController } from './images.controller.js';
import { ImagesProcessor } from './images.processor.js';
import { ImagesService } from './images.service.js';
import { Reconciler } from './reconciler.service.js';
import { ResultCache } from './result-cache.service.js';

/** From an image's URL to its settlement. */
@Module({
  imports: [RequestsModule, OutboundModule],
  controllers: [ImagesController],
  providers: [
    ImageClaims,
    ImageDownloader,
    ImageQueue,
    ImageTries,
    ImagesProcessor,
    ImagesService,
    Reconciler,
    ResultCache,
  ],
  exports: [ImagesService, Reconciler],
})
export class ImagesModule {}
