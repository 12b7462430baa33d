import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { ErrorCode } from '../../errors/error-codes.js';
import { bigInteger } from './columns.js';

/** An address that is told of events: a subscription, or the `webhook_url` of one upload. */
@Entity('webhook_endpoints')
export class WebhookEndpointEntity {
  /** Internal: short, because every delivery carries it. Clients see {@link id}. */
  @PrimaryGeneratedColumn({ name: 'endpoint_key' })
  key!: number;

  @Column('int', { name: 'owner_key', default: 1 })
  ownerKey!: number;

  @Column('varchar', { length: 36, unique: true })
  id!: string;

  /** The request whose upload named it; null for a subscription, which hears of all requests. */
  @Column('int', { name: 'request_key', nullable: true })
  requestKey!: number | null;

  @Column('text')
  url!: string;

  /** Host and port of {@link url}, cut to fit: what is slow, is slow together. */
  @Column('varchar', { length: 255 })
  host!: string;

  /** The types of events it wants, with a comma between them. */
  @Column('varchar', { name: 'event_types', length: 255 })
  eventTypes!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  /** Sealed (`secret-box.ts`); null where the service's own secret signs. */
  @Column('text', { nullable: true })
  secret!: string | null;

  /** The secret before the last rotation, sealed; it signs as well until {@link previousSecretUntil}. */
  @Column('text', { name: 'previous_secret', nullable: true })
  previousSecret!: string | null;

  @Column(bigInteger('previous_secret_until', { nullable: true }))
  previousSecretUntil!: number | null;

  /** 1 or 0. */
  @Column('int', { name: 'is_active', default: 1 })
  isActive!: number;

  /** Why the service itself disabled it (a code), or null. */
  @Column('varchar', { name: 'disabled_code', length: 64, nullable: true })
  disabledCode!: ErrorCode | null;

  @Column(bigInteger('disabled_at', { nullable: true }))
  disabledAt!: number | null;

  /** Since when no try has succeeded; null while all is well. */
  @Column(bigInteger('failing_since', { nullable: true }))
  failingSince!: number | null;

  /** The last try that failed. */
  @Column(bigInteger('failed_at', { nullable: true }))
  failedAt!: number | null;

  @Column(bigInteger('created_at'))
  createdAt!: number;
}
