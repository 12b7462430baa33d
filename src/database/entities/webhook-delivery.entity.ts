import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { ErrorCode } from '../../errors/error-codes.js';
import { bigInteger } from './columns.js';

export type DeliveryState = 'pending' | 'sending' | 'delivered' | 'failed';

/** One event on its way to one endpoint. */
@Entity('webhook_deliveries')
export class WebhookDeliveryEntity {
  @PrimaryGeneratedColumn({ name: 'delivery_key' })
  key!: number;

  @Column('varchar', { length: 36, unique: true })
  id!: string;

  @Column('int', { name: 'event_key' })
  eventKey!: number;

  /** No foreign key: a subscription removed at the same moment must not undo what caused the event. */
  @Column('int', { name: 'endpoint_key' })
  endpointKey!: number;

  /** The event's, for lists in the order of their keys; null where it is about no request. */
  @Column('int', { name: 'request_key', nullable: true })
  requestKey!: number | null;

  @Column('varchar', { length: 16 })
  state!: DeliveryState;

  /** Times that it was claimed: the fencing token of the current claim, and the number of its try. */
  @Column('int', { default: 0 })
  attempt!: number;

  /** Tries that failed since the schedule was last restarted: the place in the schedule. */
  @Column('int', { default: 0 })
  failures!: number;

  /** While pending: when it is to be tried. While sending: until when the claim holds. */
  @Column(bigInteger('due_at'))
  dueAt!: number;

  /** When it was last put into the queue. */
  @Column(bigInteger('rung_at', { default: 0 }))
  enqueuedAt!: number;

  /** Of the last failure. */
  @Column('varchar', { name: 'error_code', length: 64, nullable: true })
  errorCode!: ErrorCode | null;

  @Column(bigInteger('created_at'))
  createdAt!: number;

  @Column(bigInteger('delivered_at', { nullable: true }))
  deliveredAt!: number | null;
}
