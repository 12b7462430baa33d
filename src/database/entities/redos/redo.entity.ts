import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ErrorCode } from '../../../errors/error-codes.js';
import { bigInteger } from '../columns.js';

/** `undone`: the image is as its run made it, since no redo before the one that was undone had succeeded. */
export type RedoState = 'pending' | 'processing' | 'done' | 'failed' | 'undone';

/** What is to be different when an image is made anew; something is. */
export interface RedoWish {
  /** Of the image itself; text as in an upload. Not together with `target`. */
  quality?: string;
  /** Of the image itself; text as in an upload. */
  target?: string;
  /** The image itself is delivered as its source has it. Without quality and target. */
  original?: true;
  /** It is fetched from there, and its address is this one from then on. */
  url?: string;
}

/** A wish as it is stored: an undo is to say which redo it leads back to. */
export interface NotedWish extends RedoWish {
  /** The redo that had made what the image was when this was asked for; left out where its run had. */
  before?: RedoWish;
  /** The redo that had made the version that was kept then: an undo leads to it as long as this wish has not succeeded. */
  kept?: RedoWish;
  /** An undo has led back to what this wish made, so that a second one changes nothing. */
  isBack?: true;
}

/**
 * That a done image is made anew: the latest such wish, and how far it is. `pending` → (due, claimed) → `processing` → `done` |
 * `failed`, or after a retryable error → `pending`. It is claimed as an image is: `attempt` is the fencing token. The image
 * itself is `done` all the time.
 */
@Entity('redos', { withoutRowid: true })
@Index('redos_by_state', ['state', 'dueAt'])
export class RedoEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  /** Of the image. */
  @PrimaryColumn('int')
  number!: number;

  /** {@link NotedWish} as JSON. */
  @Column('text')
  wish!: string;

  @Column('varchar', { length: 16 })
  state!: RedoState;

  /** Times that it was claimed, through all wishes: the fencing token of the current claim. */
  @Column('int', { default: 0 })
  attempt!: number;

  /** Tries that ended in a retryable error. */
  @Column('int', { default: 0 })
  failures!: number;

  /** As of images. */
  @Column('int', { name: 'busy_tries', default: 0 })
  busyTries!: number;

  /** As of images. */
  @Column('int', { default: 0 })
  crashes!: number;

  /** While pending: from when on it may be claimed. While processing: until when the claim holds. */
  @Column(bigInteger('due_at', { default: 0 }))
  dueAt!: number;

  @Column('varchar', { name: 'error_code', length: 64, nullable: true })
  errorCode!: ErrorCode | null;

  @Column('varchar', { name: 'error_message', length: 255, nullable: true })
  errorMessage!: string | null;

  @Column('int', { name: 'error_retryable', nullable: true })
  errorRetryable!: number | null;

  /** What the row of the image said before the latest redo that succeeded, as JSON by column; null where nothing can be undone. */
  @Column('text', { nullable: true })
  previous!: string | null;
}
