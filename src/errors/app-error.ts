import {
  type ErrorCode,
  factsOf,
  type ImageCode,
  type OutboundCode,
  type UnavailableCode,
} from './error-codes.js';

/** What an {@link AppError} may carry besides its code and message. */
export interface AppErrorOptions {
  /** Sent to the client: one entry per fault, fit for a stranger. */
  details?: unknown[];
  /** Milliseconds the other side asked us to wait before the next try. */
  retryAfterMs?: number;
  /** For the log only. */
  cause?: unknown;
}

/**
 * A failure that we expect. Its status and whether it is retryable are those of its code (`error-codes.ts`). `message`
 * is one sentence that we would show a stranger: that of the code, unless it has details such as a number or a name;
 * what is private goes to `cause`.
 */
export class AppError<Code extends ErrorCode = ErrorCode> extends Error {
  /** HTTP status of a call that it answers. */
  readonly status: number;
  /** Whether the same try can succeed later although nobody has changed anything. */
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: unknown[];

  constructor(
    readonly code: Code,
    message: string = factsOf(code).sentence,
    { details, retryAfterMs, cause }: AppErrorOptions = {},
  ) {
    super(message, { cause });
    this.name = new.target.name;
    const { status, retryable } = factsOf(code);
    this.status = status ?? 500; // not meant to answer a call
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.details = details;
  }
}

/** A service that we depend on (database, queue, storage) does not answer: 503, retryable. */
export class UnavailableError extends AppError<UnavailableCode> {}

/** An address that a user gave could not be fetched or called; `outbound-codes.ts` has its codes. */
export class OutboundError extends AppError<OutboundCode> {}

/** Bytes that are no image that we can take; `image-codes.ts` has its codes. Never retryable: the bytes stay the same. */
export class ImageError extends AppError<ImageCode> {}

/** The settings can't work; the process must not start. The message names variables, never values. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** A command line can't be carried out. The message says why, and what to write. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const DISK_FAULT = /^(ENOSPC|EDQUOT|EROFS|EIO|EMFILE|ENFILE|EACCES|EPERM)$/;

/** Whether `error` comes from a disk that is full, read-only or broken: nobody's input is at fault. */
export function isDiskFault(error: unknown): boolean {
  return DISK_FAULT.test((error as { code?: string } | null)?.code ?? '');
}
