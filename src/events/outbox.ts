import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { type EntityManager, In } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { EventEntity } from '../database/entities/event.entity.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import { insertObjects } from '../database/statements/insert-rows.js';
import type { EventReader } from './event-reader.js';
import { type EventType, IMAGE_EVENT_TYPES, type PING } from './event-types.js';

/** In place of an image's number where an event is about the whole request. */
export const WHOLE_REQUEST = 0;

/** What events of one type are about. */
export interface EventSubject {
  type: EventType;
  requestKey: number;
  /** One event for each: images, or {@link WHOLE_REQUEST}. */
  imageNumbers: number[];
}

/** What an event says. */
export interface EventContent {
  imageNumber: number;
  /** What clients know the request by. */
  requestId: string | null;
  data: object;
}

/** Events of a statement: less than 2 MB, which every server takes. */
const INSERTED_AT_ONCE = 100;

/**
 * Records events in the transaction that causes them. Readers pass them on after the commit; without any reader the
 * events are recorded all the same.
 */
@Injectable()
export class Outbox {
  private readonly readers: EventReader[] = [];

  constructor(private readonly clock: DatabaseClock) {}

  /** Has `reader` told of all events from now on. For the start of the process. */
  addReader(reader: EventReader): void {
    this.readers.push(reader);
  }

  /**
   * Records one event for each number in the transaction of `manager`; none where the same has been recorded before in this run of the request, nor for
   * images whose events no reader wants. The caller holds the lock of the row that the event is about, so that nobody else
   * records the same at this moment.
   * @param compose is given the numbers to be recorded, and awaits database calls only
   */
  async record(
    manager: EntityManager,
    subject: EventSubject,
    compose: (imageNumbers: number[]) => Promise<EventContent[]>,
  ): Promise<void> {
    const { type, requestKey, imageNumbers } = subject;
    if (IMAGE_EVENT_TYPES.includes(type) && !(await this.isWanted(manager, type, requestKey))) return;
    const run = await runOf(manager, requestKey);
    const where = { requestKey, run, type, imageNumber: In(imageNumbers) };
    const recorded = await manager.find(EventEntity, { select: { imageNumber: true }, where });
    const isRecorded = new Set(recorded.map(({ imageNumber }) => imageNumber));
    const fresh = imageNumbers.filter((number) => !isRecorded.has(number));
    if (fresh.length === 0) return;

    const contents = await compose(fresh);
    for (let at = 0; at < contents.length; at += INSERTED_AT_ONCE) {
      const eventKeys = await this.add(
        manager,
        { ...subject, run },
        contents.slice(at, at + INSERTED_AT_ONCE),
      );
      for (const reader of this.readers) await reader.take(manager, { type, requestKey, eventKeys });
    }
  }

  /**
   * Records an event about no request, which no reader is told of: the caller passes it on.
   * @returns the key of its row
   */
  async recordPing(manager: EntityManager, type: typeof PING, data: object): Promise<number> {
    const content = { imageNumber: WHOLE_REQUEST, requestId: null, data };
    const [key] = await this.add(manager, { type, requestKey: null, run: 1 }, [content]);
    return key;
  }

  private async isWanted(manager: EntityManager, type: EventType, requestKey: number): Promise<boolean> {
    for (const reader of this.readers) if (await reader.wants(manager, type, requestKey)) return true;
    return false;
  }

  /** @returns the keys of the rows, in the order of `contents` */
  private async add(
    manager: EntityManager,
    { type, requestKey, run }: { type: string; requestKey: number | null; run: number },
    contents: EventContent[],
  ): Promise<number[]> {
    const now = this.clock.now();
    const timestamp = new Date(now).toISOString();
    const events = contents.map(({ imageNumber, requestId, data }) => ({
      id: `evt_${randomBytes(18).toString('base64url')}`,
      type,
      request_key: requestKey,
      request_id: requestId,
      run,
      image_number: imageNumber,
      body: JSON.stringify({ type, timestamp, data }),
      created_at: now,
    }));
    await insertObjects(manager, 'webhook_events', events);
    const where = { id: In(events.map(({ id }) => id)) };
    const written = await manager.find(EventEntity, { select: { key: true }, where, order: { key: 'ASC' } });
    return written.map(({ key }) => key);
  }
}

/** Does not change while the caller holds the lock of the request. */
async function runOf(manager: EntityManager, requestKey: number): Promise<number> {
  const request = await manager.findOne(RequestEntity, { select: { run: true }, where: { key: requestKey } });
  return request?.run ?? 1;
}
