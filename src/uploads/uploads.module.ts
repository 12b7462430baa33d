import { Module } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { settings, type Settings } from '../config/settings.js';
import { ImagesModule } from '../images/images.module.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { UploadsController } from './uploads.controller.js';
import { UploadsService } from './uploads.service.js';

const KIBIBYTE = 1024;

/** From an uploaded CSV file to a request. */
@Module({
  imports: [
    RequestsModule,
    ImagesModule,
    WebhooksModule,
    OutboundModule,
    MulterModule.registerAsync({
      inject: [settings.KEY],
      useFactory: (values: Settings) => ({
        dest: values.dataPath('uploads'), // on disk: a file may be larger than the memory we want to take
        defParamCharset: 'utf8',
        // One file is taken; a second one is let in to be refused with a clear word.
        limits: {
          fileSize: values.MAX_UPLOAD_BYTES,
          files: 2,
          fields: 20,
          parts: 22,
          fieldSize: 64 * KIBIBYTE,
        },
      }),
    }),
  ],
  controllers: [UploadsController],
  providers: [UploadsService],
})
export class UploadsModule {}
