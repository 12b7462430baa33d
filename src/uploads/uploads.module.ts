import { Module } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { settings, type Settings } from '../config/settings.js';
import { ImagesModule } from '../images/images.module.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { NewRequestController } from './bodies/new-request.controller.js';
import { RerunController } from './rerun/rerun.controller.js';
import { Reruns } from './rerun/reruns.js';
import { ProfilesController } from './columns/profiles.controller.js';
import { PresetsController } from './presets/presets.controller.js';
import { PresetsService } from './presets/presets.service.js';
import { TokensController } from './tokens/tokens.controller.js';
import { UploadsController } from './uploads.controller.js';
import { KeptUploads } from './kept-uploads.js';
import { UploadsService } from './uploads.service.js';

/** Of `patches`, the longest of the fields; all of them together are bounded as well. */
const MAX_FIELD_BYTES = 1024 * 1024;

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
          fields: 50,
          parts: 52,
          fieldSize: MAX_FIELD_BYTES,
        },
      }),
    }),
  ],
  controllers: [
    UploadsController,
    NewRequestController,
    RerunController,
    ProfilesController,
    PresetsController,
    TokensController,
  ],
  providers: [UploadsService, KeptUploads, PresetsService, Reruns],
  exports: [PresetsService],
})
export class UploadsModule {}
