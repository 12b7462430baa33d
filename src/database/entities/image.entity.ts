import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ErrorCode } from '../../errors/error-codes.js';
import { bigInteger } from './columns.js';

/** Clients see `waiting` and `repeat` as `pending`. */
export type ImageStatus = 'pending' | 'waiting' | 'processing' | 'repeat' | 'done' | 'failed';
/**
 * `fetched`; `not_modified`: the server said that it is the file we had the last time; `repeat`: with another image of
 * the request that has the same URL.
 */
export type ImageDownload = 'fetched' | 'not_modified' | 'repeat';
export type ImageOutcome = 'compressed' | 'kept_original';

/**
 * One URL in one cell of the user's file.
 *
 * `pending` → (claimed) → `processing` → (settled) → `done` | `failed`, or after a retryable error → `waiting` → (due) →
 * `pending`. Whoever claims it raises `attempt`, and only who still holds that number may settle it. A `repeat` is not
 * worked on: it is settled like the first image with the same URL.
 */
@Entity('images', { withoutRowid: true })
@Index('images_by_status', ['requestKey', 'status', 'number', 'dueAt'])
@Index('images_by_same_url', ['requestKey', 'sameAs'])
export class ImageEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  /** 1, 2, 3 … in the order of the file, through all its rows. */
  @PrimaryColumn('int')
  number!: number;

  @Column('int', { name: 'product_number' })
  productNumber!: number;

  /** Place in its cell; the first is 1. */
  @Column('int')
  position!: number;

  @Column('text', { name: 'input_url' })
  inputUrl!: string;

  @Column('varchar', { length: 16 })
  status!: ImageStatus;

  /** The number of the first image of the request with the same URL; null where it is this one. */
  @Column('int', { name: 'same_as', nullable: true })
  sameAs!: number | null;

  /** Times that the image was claimed: the fencing token of the current claim. */
  @Column('int', { default: 0 })
  attempt!: number;

  /** Tries that ended in a retryable error. */
  @Column('int', { default: 0 })
  failures!: number;

  /** 0; 1 once its worker died during a try; 1 more for each death while it was in the encoder (decision 0004). */
  @Column('int', { default: 0 })
  crashes!: number;

  /** While waiting: when it is to be tried again. While processing: until when the claim holds. */
  @Column(bigInteger('due_at', { default: 0 }))
  dueAt!: number;

  @Column('varchar', { length: 16, nullable: true })
  outcome!: ImageOutcome | null;

  @Column('varchar', { name: 'error_code', length: 64, nullable: true })
  errorCode!: ErrorCode | null;

  @Column('varchar', { name: 'error_message', length: 255, nullable: true })
  errorMessage!: string | null;

  @Column('int', { name: 'error_retryable', nullable: true })
  errorRetryable!: number | null;

  /** How the source bytes were obtained. */
  @Column('varchar', { length: 16, nullable: true })
  download!: ImageDownload | null;

  /** Milliseconds from the call to the last byte. */
  @Column('int', { name: 'download_ms', nullable: true })
  downloadMs!: number | null;

  /** Where the compressed file lies in the storage. */
  @Column('varchar', { name: 'output_key', length: 255, nullable: true })
  outputKey!: string | null;

  @Column('int', { name: 'input_bytes', nullable: true })
  inputBytes!: number | null;

  @Column('varchar', { name: 'input_format', length: 16, nullable: true })
  inputFormat!: string | null;

  @Column('int', { name: 'input_width', nullable: true })
  inputWidth!: number | null;

  @Column('int', { name: 'input_height', nullable: true })
  inputHeight!: number | null;

  @Column('int', { name: 'output_bytes', nullable: true })
  outputBytes!: number | null;

  @Column('varchar', { name: 'output_format', length: 16, nullable: true })
  outputFormat!: string | null;

  @Column('int', { name: 'output_width', nullable: true })
  outputWidth!: number | null;

  @Column('int', { name: 'output_height', nullable: true })
  outputHeight!: number | null;

  /** Encoder quality used, 1 to 100; null where the format has none, or the original was kept. */
  @Column('int', { name: 'quality_used', nullable: true })
  qualityUsed!: number | null;

  /** Similarity of the output to the input, in ten-thousandths. */
  @Column('int', { nullable: true })
  similarity!: number | null;

  /** Milliseconds from the bytes of the input to those of the output. */
  @Column('int', { name: 'encode_ms', nullable: true })
  encodeMs!: number | null;

  /** What was left out or could not be done, separated by commas. */
  @Column('varchar', { length: 255, nullable: true })
  notes!: string | null;
}
