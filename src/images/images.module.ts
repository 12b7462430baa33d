import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { ImageClaims } from './scheduling/image-claims.js';
import { ImageDownloader } from './hosts/image-downloader.js';
import { ImageWindow } from './scheduling/image-window.js';
import { ImageCompressor } from './processing/image-compressor.js';
import { ImagesController } from './images.controller.js';
import { ImageJobs } from './image-jobs.js';
import { ImageProcessor } from './processing/image-processor.js';
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
    ImageCompressor,
    ImageDownloader,
    ImageProcessor,
    ImageSettlement,
    ImageWindow,
    ImageJobs,
    Reconciler,
    RefusedImages,
    RepeatedImages,
    ResultCache,
  ],
  exports: [ImageProcessor, ImageWindow, Reconciler],
})
export class ImagesModule {}
