import { Module } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { OutboundModule } from '../outbound/outbound.module.js';
import { UploadsModule } from '../uploads/uploads.module.js';
import { MAX_PREVIEW_BYTES, PreviewCompressor } from './preview-compressor.js';
import { PreviewsController } from './previews.controller.js';

/** Images before and after, before a file is uploaded. */
@Module({
  imports: [
    UploadsModule,
    OutboundModule,
    // In memory: an image is decoded there in any case.
    MulterModule.register({
      limits: { fileSize: MAX_PREVIEW_BYTES, files: 2, fields: 30, parts: 32, fieldSize: 8192 },
    }),
  ],
  controllers: [PreviewsController],
  providers: [PreviewCompressor],
})
export class PreviewsModule {}
