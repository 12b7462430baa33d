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
@Index('images_by_host', ['requestKey', 'host', 'status', 'number'])
@Index('images_by_settling', ['requestKey', 'settledNo'])
export class ImageEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  /** 1, 2, 3 … in the order of the file, through all its rows. */
  @PrimaryColumn('int')
  number!: number;

  @Column('int', { name: 'product_number' })
  productNumber!: number;

  /** Place among the images of its row; the first is 1. */
  @Column('int')
  position!: number;

  /** The column of the file that its cell is in, the first is 1; null where an earlier version did not note it. */
  @Column('int', { name: 'cell_column', nullable: true })
  cellColumn!: number | null;

  /** Place in that cell; the first is 1. */
  @Column('int', { name: 'cell_position', nullable: true })
  cellPosition!: number | null;

  /** The host of its URL: its number in the request (`RequestHostEntity`). */
  @Column('int', { default: 0 })
  host!: number;

  @Column('text', { name: 'input_url' })
  inputUrl!: string;

  /** The URL in the file, where the image was retried at another one. */
  @Column('text', { name: 'file_url', nullable: true })
  fileUrl!: string | null;

  /** The name that its result has in addresses, without an extension, where the upload asked for names; `{hash}` in it is the digest's. */
  @Column('varchar', { name: 'output_name', length: 96, nullable: true })
  outputName!: string | null;

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

  /** Claims that ended because the host was too busy: they cost the image none of its tries. */
  @Column('int', { name: 'busy_tries', default: 0 })
  busyTries!: number;

  /** Settled as the how-manieth of its request, all runs counted: the order of live events. Null while it is not settled. */
  @Column('int', { name: 'settled_no', nullable: true })
  settledNo!: number | null;

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

  @Column('int', { name: 'input_bytes', nullable: true })
  inputBytes!: number | null;

  @Column('varchar', { name: 'input_format', length: 16, nullable: true })
  inputFormat!: string | null;

  @Column('int', { name: 'input_width', nullable: true })
  inputWidth!: number | null;

  @Column('int', { name: 'input_height', nullable: true })
  inputHeight!: number | null;
}
