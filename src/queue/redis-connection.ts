import type { Queue } from 'bull';

/** What is used of a connection to Redis besides the queue. */
export interface RedisCommands {
  /** `ready`, or anything else while commands would wait. */
  readonly status: string;
  eval(script: string, keys: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
}

/** The connection of the queue, for other commands that take no time; null where there is no Redis. */
export class RedisConnection {
  constructor(
    readonly commands: RedisCommands | null,
    /** The start of every key. */
    readonly prefix: string,
  ) {}

  /** That of a queue; it is closed with it. */
  static of(queue: Queue, prefix: string): RedisConnection {
    return new RedisConnection(queue.client as unknown as RedisCommands, prefix);
  }
}
