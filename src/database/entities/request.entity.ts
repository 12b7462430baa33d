import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** `Receiving` is seen by nobody: the rows of the file are still being stored. */
export type RequestStatus = 'Receiving' | 'Pending' | 'Processing' | 'Completed';
export type RequestOutcome = 'succeeded' | 'partial' | 'failed';

/** One uploaded CSV file. Its counters change only together with the image rows that they count. */
@Entity('requests')
export class RequestEntity {
  /** Internal: short, because every product and image carries it. Clients see {@link id}. */
  @PrimaryGeneratedColumn({ name: 'request_key' })
  key!: number;

  @Column('varchar', { length: 36, unique: true })
  id!: string;

  @Column('varchar', { length: 16 })
  status!: RequestStatus;

  @Column('varchar', { length: 16, nullable: true })
  outcome!: RequestOutcome | null;

  @Column('varchar', { name: 'file_name', length: 255 })
  fileName!: string;

  /** How the user's file is written (`CsvLayout` as JSON), so that the output is written the same way. */
  @Column('text')
  layout!: string;

  /** `CompressionOptions` as canonical JSON: equal options are equal text. */
  @Column('text')
  options!: string;

  @Column('int', { name: 'product_count' })
  productCount!: number;

  @Column('int', { name: 'image_count' })
  imageCount!: number;

  /** Of those, images with the same URL as one before them. */
  @Column('int', { name: 'repeat_count', default: 0 })
  repeatCount!: number;

  /** Faults of rows that were left out because the user asked for that. */
  @Column('int', { name: 'fault_count', default: 0 })
  faultCount!: number;

  /** The client's `Idempotency-Key`: a repeated upload with it gets this request again. */
  @Column('varchar', { name: 'idempotency_key', length: 255, nullable: true, unique: true })
  idempotencyKey!: string | null;

  /** SHA-256 (hexadecimal) of what was uploaded under the key, to tell a repetition from a mistake. */
  @Column('varchar', { name: 'idempotency_digest', length: 64, nullable: true })
  idempotencyDigest!: string | null;

  @Column('int', { name: 'done_count', default: 0 })
  doneCount!: number;

  @Column('int', { name: 'failed_count', default: 0 })
  failedCount!: number;

  /** Images numbered up to here have been put into the queue at least once: the edge of the request's window. */
  @Column('int', { name: 'enqueued_count', default: 0 })
  enqueuedCount!: number;

  /** When the queue was last told of this request's open images. */
  @Column(bigInteger('rung_at', { default: 0 }))
  rungAt!: number;

  @Column(bigInteger('input_bytes', { default: 0 }))
  inputBytes!: number;

  @Column(bigInteger('output_bytes', { default: 0 }))
  outputBytes!: number;

  @Column(bigInteger('created_at'))
  createdAt!: number;

  @Column(bigInteger('started_at', { nullable: true }))
  startedAt!: number | null;

  @Column(bigInteger('completed_at', { nullable: true }))
  completedAt!: number | null;
}
