import { Module } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { HealthModule } from '../health/health.module.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { UploadsModule } from '../uploads/uploads.module.js';
import { MAX_PREVIEW_BYTES, PreviewCompressor } from './preview-compressor.js';
import { Pace } from './pace.js';
import { PreviewsController } from './previews.controller.js';

/** Images before and after, before a file is uploaded. */
@Module({
  imports: [
    UploadsModule,
    OutboundModule,
    HealthModule,
    // In memory: an image is decoded there in any case.
    MulterModule.register({
      limits: { fileSize: MAX_PREVIEW_BYTES, files: 2, fields: 30, parts: 32, fieldSize: 8192 },
    }),
  ],
  controllers: [PreviewsController],
  providers: [PreviewCompressor, Pace],
})
export class PreviewsModule {}
