import { Injectable } from '@nestjs/common';
import { type EntityManager, LessThan } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { AuditLineEntity } from '../database/entities/access/audit-line.entity.js';
import type { Principal } from '../http/guards/principal.js';

const MAX_SUBJECT_LENGTH = 255;

/** Who deleted or changed what, and when. Lines are only ever added. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Adds a line, in the transaction of `manager` where there is one.
   * @param action such as `key.delete`
   */
  async add(
    { id, name }: Pick<Principal, 'id' | 'name'>,
    action: string,
    subject: string,
    details: object | null = null,
    manager?: EntityManager,
  ): Promise<void> {
    const line = {
      happenedAt: this.clock.now(),
      actor: (id === name ? id : `${name} (${id})`).slice(-MAX_SUBJECT_LENGTH),
      action,
      subject: subject.slice(0, MAX_SUBJECT_LENGTH),
      details: details && JSON.stringify(details),
    };
    if (manager) await manager.insert(AuditLineEntity, line);
    else await this.database.write((own) => own.insert(AuditLineEntity, line), { isUrgent: true });
  }

  /** Up to `limit` lines, the newest first, of those before the key `before`. */
  list(limit: number, before: number): Promise<AuditLineEntity[]> {
    return this.database.manager.find(AuditLineEntity, {
      where: { key: LessThan(before) },
      order: { key: 'DESC' },
      take: limit,
    });
  }
}
