import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { Cancelling } from './scheduling/cancelling.js';
import { ImageClaims } from './scheduling/image-claims.js';
import { ImageDownloader } from './hosts/image-downloader.js';
import { ImageCompressor } from './processing/image-compressor.js';
import { ImagesController } from './images.controller.js';
import { RequestActionsController } from './request-actions.controller.js';
import { ImageJobs } from './image-jobs.js';
import { RedoClaims } from './redoing/redo-claims.js';
import { RedoController } from './redoing/redo.controller.js';
import { RedoRounds } from './redoing/redo-rounds.js';
import { RedoSettlement } from './redoing/redo-settlement.js';
import { Redos } from './redoing/redos.js';
import { KeptSources } from './processing/kept-sources.js';
import { ImageProcessor } from './processing/image-processor.js';
import { ImageSettlement } from './scheduling/image-settlement.js';
import { OverdueImages } from './scheduling/overdue-images.js';
import { Reconciler } from './scheduling/reconciler.js';
import { RefusedImages } from './scheduling/refused-images.js';
import { RepeatedImages } from './scheduling/repeated-images.js';
import { RequestTurns } from './scheduling/request-turns.js';
import { ResultCache } from './processing/result-cache.js';
import { Retrying } from './retrying/retrying.js';
import { SettlementBatches } from './scheduling/settlement-batches.js';
import { StalledRequests } from './scheduling/stalled-requests.js';

/** From an image's URL to its settlement. */
@Module({
  imports: [RequestsModule, OutboundModule],
  controllers: [ImagesController, RequestActionsController, RedoController],
  providers: [
    Cancelling,
    ImageClaims,
    ImageCompressor,
    ImageDownloader,
    ImageProcessor,
    ImageSettlement,
    ImageJobs,
    KeptSources,
    OverdueImages,
    Reconciler,
    RedoClaims,
    RedoRounds,
    RedoSettlement,
    Redos,
    RefusedImages,
    RepeatedImages,
    RequestTurns,
    ResultCache,
    Retrying,
    SettlementBatches,
    StalledRequests,
  ],
  exports: [ImageJobs, ImageProcessor, Reconciler, RedoRounds, RequestTurns],
})
export class ImagesModule {}
