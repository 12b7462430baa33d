import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { AccessModule } from './access/access.module.js';
import type { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { ErrorFilter } from './http/error.filter.js';
import { ParametersPipe } from './http/parameters.pipe.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { ImagesModule } from './images/images.module.js';
import { PreviewsModule } from './previews/previews.module.js';
import { MeasurementsModule } from './measurements/measurements.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { QueueModule } from './queue/queue.module.js';
import { RequestsModule } from './requests/requests.module.js';
import { SamplesModule } from './samples/samples.module.js';
import { StorageModule } from './storage/storage.module.js';
import { StoredFilesModule } from './stored-files/stored-files.module.js';
import { UploadsModule } from './uploads/uploads.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { Lifecycle } from './lifecycle.js';

/** The whole application. Its graph is the same in every mode; the mode says what runs of it. */
@Module({})
export class AppModule {
  static register(values: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          load: [registerAs('settings', () => values)],
        }),
        DatabaseModule,
        EventsModule,
        QueueModule.register(values),
        AccessModule,
        StorageModule,
        StoredFilesModule,
        UploadsModule,
        RequestsModule,
        ImagesModule,
        WebhooksModule,
        PreviewsModule,
        MeasurementsModule,
        HealthModule,
        MetricsModule,
        SamplesModule,
      ],
      providers: [
        Lifecycle,
        { provide: APP_FILTER, useClass: ErrorFilter },
        { provide: APP_PIPE, useClass: ParametersPipe },
      ],
    };
  }
}
