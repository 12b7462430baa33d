import { Inject, Injectable } from '@nestjs/common';
import { availableParallelism } from 'node:os';
import { settings, type Settings } from '../config/settings.js';
import { Heartbeat } from '../health/heartbeat.js';
import type { AtOnceResponse } from './preview.dto.js';

/** How much the service does at the same time, for those who want to know how long a file will take. */
@Injectable()
export class Pace {
  constructor(
    private readonly heartbeat: Heartbeat,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Of all workers that run, each taken to be like this process; null where none does, or the database does not say. More
   * encoders than cores gain little, so a core counts once.
   */
  async atOnce(): Promise<AtOnceResponse | null> {
    const workers = await this.heartbeat.count().catch(() => 0);
    if (workers === 0) return null;
    const { CONCURRENCY, DOWNLOADS_IN_FLIGHT, DOWNLOADS_PER_HOST } = this.settings;
    return {
      images: workers * Math.min(CONCURRENCY, availableParallelism()),
      downloads: workers * DOWNLOADS_IN_FLIGHT,
      downloads_per_host: workers * DOWNLOADS_PER_HOST,
    };
  }
}
