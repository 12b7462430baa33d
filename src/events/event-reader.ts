import type { EntityManager } from 'typeorm';
import type { EventType } from './event-types.js';

/** Events that have just been recorded, all of one type and about one request. */
export interface RecordedEvents {
  type: EventType;
  requestKey: number;
  /** Of their rows (`EventEntity`). */
  eventKeys: number[];
}

/** Somebody who passes events on, such as the webhooks. Registered with {@link Outbox.addReader}. */
export interface EventReader {
  /**
   * Whether events of this type about this request are to be recorded. Asked for events of images only, of which one file
   * may cause a million; those of requests are always recorded. Awaits database calls only.
   */
  wants(manager: EntityManager, type: EventType, requestKey: number): Promise<boolean>;

  /**
   * Called in the transaction that causes the events, after their rows are written: what the reader writes by `manager` is
   * committed with them, or not at all. Awaits database calls only. The transaction is not yet committed.
   */
  take(manager: EntityManager, events: RecordedEvents): Promise<void>;
}
