import { Logger } from '@nestjs/common';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

const SECOND = 1000;

/** Renews the leases of a process three times in their length, until it is stopped; a failed renewal is a warning, and tried again. */
export class LeaseRenewal {
  private readonly warning: RepeatedWarning;
  private timer?: NodeJS.Timeout;

  /** @param holder whose leases they are, for the log */
  constructor(
    holder: string,
    private readonly leaseSeconds: number,
    private readonly renew: () => Promise<void>,
  ) {
    this.warning = new RepeatedWarning(new Logger(holder));
  }

  start(): void {
    this.timer = setInterval(() => void this.attempt(), (this.leaseSeconds * SECOND) / 3).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async attempt(): Promise<void> {
    try {
      await this.renew();
    } catch (error) {
      this.warning.warn(`leases were not renewed: ${(error as Error).message}`);
    }
  }
}
