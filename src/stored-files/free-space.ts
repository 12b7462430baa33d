import { Inject, Injectable, Logger } from '@nestjs/common';
import { statfs } from 'node:fs/promises';
import { settings, type Settings } from '../config/settings.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** How long an answer is given again. */
const FRESH_MS = 1_000;

/** Whether the disk of `DATA_DIR` has the `MIN_FREE_BYTES` without which nothing new is begun. */
@Injectable()
export class FreeSpace {
  private readonly warning = new RepeatedWarning(new Logger(FreeSpace.name));
  private latest: Promise<boolean> = Promise.resolve(true);
  private freshUntil = -Infinity;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  /** At most a second old; true where no minimum is set, or nobody can say. */
  isEnough(): Promise<boolean> {
    const { MIN_FREE_BYTES } = this.settings;
    if (MIN_FREE_BYTES === undefined) return this.latest;
    if (performance.now() > this.freshUntil) {
      this.freshUntil = performance.now() + FRESH_MS;
      this.latest = this.look(MIN_FREE_BYTES);
    }
    return this.latest;
  }

  private async look(min: number): Promise<boolean> {
    try {
      const { bavail, bsize } = await statfs(this.settings.dataPath('.'));
      if (bavail * bsize >= min) return true;
      this.warning.warn(
        `${bavail * bsize} bytes are free, less than MIN_FREE_BYTES: uploads and images wait`,
      );
      return false;
    } catch (error) {
      this.warning.warn(`the free space is not known: ${(error as Error).message}`);
      return true;
    }
  }
}
