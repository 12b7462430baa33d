import { Module } from '@nestjs/common';
import { SamplesController } from './samples.controller.js';

/** A sample file with its images. */
@Module({ controllers: [SamplesController] })
export class SamplesModule {}
