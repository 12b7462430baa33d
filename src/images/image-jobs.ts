import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { JobQueue } from '../queue/job-queue.js';
import { ImageProcessor } from './processing/image-processor.js';

/** Connects the queue to {@link ImageProcessor}. Registered in every mode; jobs run only where the queue is started. */
@Injectable()
export class ImageJobs implements OnModuleInit {
  constructor(
    private readonly queue: JobQueue,
    private readonly images: ImageProcessor,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    // More jobs than encoder slots: while some wait for slow hosts, others keep the encoder busy.
    this.queue.handle('process-image', this.settings.DOWNLOADS_IN_FLIGHT, ({ requestKey, number }) =>
      this.images.process(requestKey, number),
    );
  }
}
