import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Heartbeat } from './heartbeat.js';
import { Readiness } from './readiness.js';

/** Liveness and readiness. */
@Module({
  controllers: [HealthController],
  providers: [Heartbeat, Readiness],
  exports: [Heartbeat, Readiness],
})
export class HealthModule {}
