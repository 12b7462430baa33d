import type { Logger } from '@nestjs/common';

const EVERY_MS = 30_000;

/** A warning about something that goes on for a while, such as a server that is away: said at once, then now and then. */
export class RepeatedWarning {
  private quietUntil = 0;

  constructor(private readonly logger: Logger) {}

  warn(message: string): void {
    if (performance.now() < this.quietUntil) return;
    this.quietUntil = performance.now() + EVERY_MS;
    this.logger.warn(message);
  }
}
