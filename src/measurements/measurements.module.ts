import { Global, Module } from '@nestjs/common';
import { Measurements } from './measurements.js';

/** Counts of what this process does, for `GET /metrics`. */
@Global()
@Module({ providers: [Measurements], exports: [Measurements] })
export class MeasurementsModule {}
