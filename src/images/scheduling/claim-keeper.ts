import type { AppError } from '../../errors/app-error.js';
import type { ClaimedImage } from './image-claims.js';
import type { Settlement } from './image-settlement.js';

/**
 * Who gave a claim out, and is told what became of it. Each of these changes nothing where another process has claimed the same
 * thing since.
 */
export interface ClaimKeeper {
  /** Ends a claim as if it had not been made: it is pending again. */
  release(claim: ClaimedImage): Promise<void>;

  /** Ends a claim before anything was tried; it is pending again after `delayMs`. */
  defer(claim: ClaimedImage, delayMs: number): Promise<void>;

  /** Ends a claim; it is tried again after `delayMs`. `countedAs`: what the try costs it. */
  retryLater(
    claim: ClaimedImage,
    error: AppError,
    delayMs: number,
    countedAs: 'failure' | 'busy' | null,
  ): Promise<void>;

  /**
   * Settles what was claimed, and returns when that is committed.
   * @returns false if the claim had ended, and nothing was changed
   * @throws UnavailableError `DATABASE_UNAVAILABLE`; the claim runs out then
   */
  settle(claim: ClaimedImage, settlement: Settlement): Promise<boolean>;

  /**
   * Notes that a suspect is about to be decoded. If the process dies of it, the note stays.
   * @returns how often that has been noted, this time included
   */
  noteDecoding(claim: ClaimedImage): Promise<number>;

  /** Notes that a suspect was decoded, or refused, and the process lives: it is none any more. */
  noteSurvival(claim: ClaimedImage): Promise<void>;

  /** This process no longer works on it; its lease is not renewed. */
  forget(claim: ClaimedImage): void;
}
