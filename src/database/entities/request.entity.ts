import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/**
 * `Receiving` is seen by nobody: the rows of the file are still being stored. `Cancelled` has ended when it has a
 * {@link RequestEntity.completedAt}: until then, images that were at work end. `Retrying` is `Processing` for clients: failed images
 * are being made pending again, and until all of them are, none is claimed and the request is not completed. `Deleting` is seen by
 * nobody either: its rows are being removed.
 */
export type RequestStatus =
  'Receiving' | 'Pending' | 'Processing' | 'Retrying' | 'Completed' | 'Cancelled' | 'Deleting';

/** States in which a request is there for nobody. */
export const UNSEEN_STATES = ['Receiving', 'Deleting'] as const satisfies RequestStatus[];
export type RequestOutcome = 'succeeded' | 'partial' | 'failed' | 'cancelled';

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

  /** The channel that its images are made for and judged by; null where it is none. */
  @Column('varchar', { length: 32, nullable: true })
  channel!: string | null;

  /** The further forms in which its images are made (`Rendition[]` as JSON); null where there are none. */
  @Column('text', { nullable: true })
  renditions!: string | null;

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

  @Column('int', { name: 'owner_key', default: 1 })
  ownerKey!: number;

  /** The upload token that made it, and may read it; null where a key did. */
  @Column('varchar', { name: 'token_id', length: 32, nullable: true })
  tokenId!: string | null;

  /** Done images that its owner's usage counts already, in earlier runs, and their bytes. */
  @Column('int', { name: 'usage_images', default: 0 })
  usageImages!: number;

  @Column(bigInteger('usage_input_bytes', { default: 0 }))
  usageInputBytes!: number;

  @Column(bigInteger('usage_output_bytes', { default: 0 }))
  usageOutputBytes!: number;

  /** 1, and one more with each retry of its failed images. Read and changed under the lock of this row. */
  @Column('int', { default: 1 })
  run!: number;

  /** While `Retrying`: of which codes the failed images are that are tried again, as a JSON list; null for all. */
  @Column('text', { name: 'retry_codes', nullable: true })
  retryCodes!: string | null;

  /** The latest number that a settled image got ({@link ImageEntity.settledNo}); never goes down. */
  @Column('int', { name: 'settled_no', default: 0 })
  settledNo!: number;

  /** Images that a cancelled request left open, once it has ended. */
  @Column('int', { name: 'cancelled_count', default: 0 })
  cancelledCount!: number;

  @Column(bigInteger('cancelled_at', { nullable: true }))
  cancelledAt!: number | null;

  /** When one of its images was last settled; before that, when the request came. */
  @Column(bigInteger('moved_at', { default: 0 }))
  movedAt!: number;

  /** Done images for which an earlier result was reused. */
  @Column('int', { name: 'reused_count', default: 0 })
  reusedCount!: number;

  /** 1: every server is asked anew, and no earlier result is reused. */
  @Column('int', { name: 'is_fresh', default: 0 })
  isFresh!: number;

  /** For how many days what its images are made of is kept after it was fetched; 0: not. */
  @Column('int', { name: 'keep_sources_days', default: 0 })
  keepSourcesDays!: number;

  /** 1: it came with headers for its images, which it has no longer once it is completed. */
  @Column('int', { name: 'had_image_headers', default: 0 })
  hadImageHeaders!: number;

  /** The file with what was uploaded, compressed; null where it was not kept. */
  @Column('varchar', { name: 'upload_key', length: 255, nullable: true })
  uploadKey!: string | null;

  /** The caller's own name for it. */
  @Column('varchar', { length: 255, nullable: true })
  name!: string | null;

  /** The caller's own pairs of texts, as JSON. */
  @Column('text', { nullable: true })
  labels!: string | null;

  /** Rows of the file without a URL. */
  @Column('int', { name: 'rows_without_images', default: 0 })
  rowsWithoutImages!: number;

  /** Headers for its images, sealed; null where there are none, and once it is completed. */
  @Column('text', { name: 'image_headers', nullable: true })
  imageHeaders!: string | null;

  /** What was said of the file that is no fault, as JSON: how much, and the first of it. */
  @Column('text', { nullable: true })
  warnings!: string | null;

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

  /** Of the bytes of outputs, those of further forms. */
  @Column(bigInteger('rendition_bytes', { default: 0 }))
  renditionBytes!: number;

  @Column(bigInteger('created_at'))
  createdAt!: number;

  @Column(bigInteger('started_at', { nullable: true }))
  startedAt!: number | null;

  @Column(bigInteger('completed_at', { nullable: true }))
  completedAt!: number | null;
}
