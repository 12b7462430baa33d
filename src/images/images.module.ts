import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { ImageClaims } from './scheduling/image-claims.js';
import { ImageDownloader } from './hosts/image-downloader.js';
import { ImageQueue } from './scheduling/image-window.js';
import { ImageTries } from './processing/image-tries.js';
import { ImagesController } from './images.controller.js';
import { ImagesProcessor } from './images.processor.js';
import { ImagesService } from './processing/images.service.js';
import { ImageSettlement } from './scheduling/image-settlement.js';
import { Reconciler } from './scheduling/reconciler.js';
import { RefusedImages } from './scheduling/refused-images.js';
import { RepeatedImages } from './scheduling/repeated-images.js';
import { ResultCache } from './processing/result-cache.js';

/** From an image's URL to its settlement. */
@Module({
  imports: [RequestsModule, OutboundModule],
  controllers: [ImagesController],
  providers: [
    ImageClaims,
    ImageDownloader,
    ImageQueue,
    ImageSettlement,
    ImageTries,
    ImagesProcessor,
    ImagesService,
    Reconciler,
    RefusedImages,
    RepeatedImages,
    ResultCache,
  ],
  exports: [ImagesService, Reconciler],
})
export class ImagesModule {}
