/** What an {@link AppError} may carry besides its code and message. */
export interface AppErrorOptions {
  /** HTTP status where the error answers a request. */
  status?: number;
  /** Whether the same try can succeed later without anybody changing anything. */
  retryable?: boolean;
  /** Milliseconds the other side asked us to wait before the next try. */
  retryAfterMs?: number;
  /** Sent to the client: one entry per fault, fit for a stranger. */
  details?: unknown[];
  /** For the log only. */
  cause?: unknown;
}

/**
 * A failure that we expect. `code` is stable and part of the API; `message` is one sentence
 * that we would show a stranger; whatever is private goes to `cause`.
 */
export class AppError extends Error {
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: unknown[];

  constructor(
    readonly code: string,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.status = options.status ?? 400;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** The client asked for something that we can't take. */
export class BadRequestError extends AppError {
  constructor(code: string, message: string, details?: unknown[]) {
    super(code, message, { status: 400, details });
  }
}

/** The thing asked for does not exist (any more). */
export class NotFoundError extends AppError {
  constructor(code: string, message: string) {
    super(code, message, { status: 404 });
  }
}

/** A service that we depend on (database, queue, storage) does not answer. */
export class UnavailableError extends AppError {
  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { status: 503, retryable: true, cause });
  }
}

const DISK_FAULT = /^(ENOSPC|EDQUOT|EROFS|EIO|EMFILE|ENFILE|EACCES|EPERM)$/;

/** Whether `error` comes from a disk that is full, read-only or broken: nobody's input is at fault. */
export function isDiskFault(error: unknown): boolean {
  return DISK_FAULT.test((error as { code?: string } | null)?.code ?? '');
}

/**
 * An address that a user gave could not be fetched or called. Final: `URL_INVALID`, `ADDRESS_REFUSED`,
 * `INSECURE_REDIRECT`, `TOO_MANY_REDIRECTS`, `TLS_FAILED`, `RESPONSE_INVALID`, `DOWNLOAD_TOO_LARGE`, `EMPTY_BODY`,
 * `CONTENT_ENCODING_REFUSED`, `HTTP_<status>`; retryable: `HOST_NOT_FOUND`, `CONNECTION_FAILED`, `TIMEOUT`, `HTTP_408`,
 * `HTTP_425`, `HTTP_429`, `HTTP_5xx`.
 */
export class OutboundError extends AppError {}

/**
 * Bytes that are no image that we can take. Codes: `NOT_AN_IMAGE`, `FORMAT_NOT_SUPPORTED`, `IMAGE_CORRUPT`,
 * `IMAGE_TOO_MANY_PIXELS`, `IMAGE_TOO_MANY_FRAMES`, `IMAGE_TOO_SLOW`. Never retryable: the bytes stay the same.
 */
export class ImageError extends AppError {}

/** The settings can't work; the process must not start. The message names variables, never values. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
