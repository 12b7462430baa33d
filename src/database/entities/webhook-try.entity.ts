import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ErrorCode } from '../../errors/error-codes.js';
import { bigInteger } from './columns.js';

/** What came of one try of a delivery. */
@Entity('webhook_tries', { withoutRowid: true })
export class WebhookTryEntity {
  @PrimaryColumn('int', { name: 'delivery_key' })
  deliveryKey!: number;

  /** The delivery's `attempt` at that time. */
  @PrimaryColumn('int')
  attempt!: number;

  /** When it began. */
  @Column(bigInteger('tried_at'))
  triedAt!: number;

  @Column('int', { name: 'duration_ms' })
  durationMs!: number;

  /** HTTP status, or null where there was no answer. */
  @Column('int', { nullable: true })
  status!: number | null;

  /** Null where it succeeded. */
  @Column('varchar', { name: 'error_code', length: 64, nullable: true })
  errorCode!: ErrorCode | null;

  @Column('varchar', { name: 'error_message', length: 255, nullable: true })
  errorMessage!: string | null;

  /** The first 1,024 bytes of the answer's body, or null. */
  @Column('text', { nullable: true })
  answer!: string | null;
}
