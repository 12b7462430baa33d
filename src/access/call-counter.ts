import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { RedisConnection } from '../queue/redis-connection.js';

const MINUTE_MS = 60_000;

/** Redis answers within a millisecond; who has not by then counts for nobody's call. */
const ANSWER_WITHIN_MS = 250;

/** Windows that are remembered in memory; those that are over are forgotten first. */
const MAX_WINDOWS = 10_000;

/** Counts one, and says how many there are in the window and how long it lasts. */
const COUNT = `
  local count = redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return {count, redis.call('PTTL', KEYS[1])}`;

/** How often something was counted in the minute that began with the first time, and how long that still lasts. */
export interface Counted {
  count: number;
  leftMs: number;
}

interface Window {
  count: number;
  endsAt: number;
}

/**
 * Counts calls by the minute: in Redis where there is one, so that all processes count together, else, and while it does not
 * answer, in the memory of this process.
 */
@Injectable()
export class CallCounter {
  private readonly windows = new Map<string, Window>();
  private readonly warning = new RepeatedWarning(new Logger(CallCounter.name));

  constructor(private readonly redis: RedisConnection) {}

  /** Counts one more of `name`. Never rejects. */
  async count(name: string): Promise<Counted> {
    const { commands } = this.redis;
    if (commands?.status !== 'ready') return this.countHere(name);
    try {
      const over = sleep(ANSWER_WITHIN_MS, null, { ref: false });
      const key = `${this.redis.prefix}:rate:${name}`;
      const answer = await Promise.race([commands.eval(COUNT, 1, key, MINUTE_MS), over]);
      if (answer === null) return this.countHere(name);
      const [count, leftMs] = answer as [number, number];
      return { count, leftMs: Math.max(0, leftMs) };
    } catch (error) {
      this.warning.warn(`calls are counted by this process alone: ${(error as Error).message}`);
      return this.countHere(name);
    }
  }

  private countHere(name: string): Counted {
    const now = performance.now();
    let window = this.windows.get(name);
    if (!window || window.endsAt <= now) {
      if (this.windows.size >= MAX_WINDOWS) this.forget(now);
      window = { count: 0, endsAt: now + MINUTE_MS };
      this.windows.set(name, window);
    }
    window.count++;
    return { count: window.count, leftMs: window.endsAt - now };
  }

  /** Those that are over; where none is, all: then more keys call than anybody has. */
  private forget(now: number): void {
    for (const [name, { endsAt }] of this.windows) if (endsAt <= now) this.windows.delete(name);
    if (this.windows.size >= MAX_WINDOWS) this.windows.clear();
  }
}
