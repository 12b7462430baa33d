import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module.js';
import { ImagesModule } from '../images/images.module.js';
import { Gauges } from './gauges.js';
import { MetricsController } from './metrics.controller.js';

/** `GET /metrics`. */
@Module({
  imports: [HealthModule, ImagesModule],
  controllers: [MetricsController],
  providers: [Gauges],
})
export class MetricsModule {}
