import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import type { CompressionReport, ImageFacts } from '../../compression/compress.js';
import { assignments } from '../../database/assignments.js';
import { Database, execute } from '../../database/database.js';
import { type ImageDownload, ImageEntity, type ImageOutcome } from '../../database/entities/image.entity.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { RequestsService } from '../../requests/requests.service.js';

/** A worker's right to settle an image: it ends when another worker claims the image. */
export interface Claim {
  requestKey: number;
  number: number;
  attempt: number;
}

/** How the source bytes of an image were obtained. */
export interface DownloadFacts {
  how: Exclude<ImageDownload, 'repeat'>;
  /** From the call to the last byte. */
  milliseconds: number;
}

/** How an image ended for good. `download` is null where there was none, or where the download is what failed. */
export type Settlement =
  | {
      status: 'done';
      download: DownloadFacts | null;
      outcome: ImageOutcome;
      outputKey: string;
      input: ImageFacts;
      output: ImageFacts;
      report: CompressionReport;
    }
  | {
      status: 'failed';
      download: DownloadFacts | null;
      code: ErrorCode;
      message: string;
      retryable: boolean;
    };

/** An image that failed for good without having been claimed. Never retryable. */
export interface UnclaimedFailure {
  number: number;
  code: ErrorCode;
  message: string;
}

const NOTHING_DONE = { done: 0, inputBytes: 0, outputBytes: 0 };

const IF_CLAIMED = "request_key = ? AND number = ? AND attempt = ? AND status = 'processing'";

/** Characters of `error_message` that the table holds. */
const MAX_MESSAGE_LENGTH = 255;

/** Writes how images ended into their rows, and tells the request in the same transaction. */
@Injectable()
export class ImageSettlement {
  constructor(
    private readonly database: Database,
    private readonly requests: RequestsService,
  ) {}

  /**
   * Settles one image: its row first, then the request's counters, and only if the claim still holds. The last image
   * completes the request.
   * @returns false if the claim had ended, and nothing was changed. Calling twice is safe.
   */
  settle(claim: Claim, settlement: Settlement): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      if ((await settleRow(manager, claim, settlement)) !== 1) return false;

      const isDone = settlement.status === 'done';
      await this.requests.recordSettled(manager, claim.requestKey, {
        done: isDone ? 1 : 0,
        failedNumbers: isDone ? [] : [claim.number],
        inputBytes: isDone ? settlement.input.bytes : 0,
        outputBytes: isDone ? settlement.output.bytes : 0,
      });
      return true;
    });
  }

  /**
   * Fails some hundred pending images in one transaction. Those that somebody claimed or settled in the meantime are
   * left alone, so calling twice is safe.
   */
  failUnclaimed(requestKey: number, failures: UnclaimedFailure[]): Promise<void> {
    return this.settleWhole(failures, async (manager, part) => {
      let failed = 0;
      for (const group of byReason(part)) failed += await failPending(manager, requestKey, group);
      if (failed !== part.length) return false;
      const failedNumbers = part.map(({ number }) => number);
      await this.requests.recordSettled(manager, requestKey, { ...NOTHING_DONE, failedNumbers });
      return true;
    });
  }

  /**
   * Settles those of the given images that are repeats of `first` in the way `first` was settled, in one transaction.
   * Calling twice is safe.
   */
  settleLike(first: ImageEntity, numbers: number[]): Promise<void> {
    const { requestKey, status } = first;
    return this.settleWhole(numbers, async (manager, part) => {
      const repeats = { requestKey, number: In(part), status: 'repeat' as const };
      const { affected } = await manager.update(ImageEntity, repeats, settledLike(first));
      if (affected !== part.length) return false;
      await this.requests.recordSettled(manager, requestKey, {
        done: status === 'done' ? part.length : 0,
        failedNumbers: status === 'done' ? [] : part,
        inputBytes: (first.inputBytes ?? 0) * part.length,
        outputBytes: (first.outputBytes ?? 0) * part.length,
      });
      return true;
    });
  }

  /**
   * Settles all images of a batch in one transaction, or none: `settle` returns false where it could not change every
   * row. Then somebody else settled some of them, and each half is tried alone, so that each image is counted once and
   * no rows need to be locked beforehand.
   */
  private async settleWhole<T>(
    batch: T[],
    settle: (manager: EntityManager, part: T[]) => Promise<boolean>,
  ): Promise<void> {
    if (batch.length === 0) return;
    const transaction = this.database.transaction(async (manager) => {
      if (!(await settle(manager, batch))) throw new BatchChanged();
    });
    const isSettled = await transaction.then(
      () => true,
      (error: unknown) => {
        if (error instanceof BatchChanged) return false;
        throw error;
      },
    );
    if (isSettled || batch.length === 1) return;
    const half = Math.ceil(batch.length / 2);
    await this.settleWhole(batch.slice(0, half), settle);
    await this.settleWhole(batch.slice(half), settle);
  }
}

/** Rolls a transaction back in which not every image of the batch could be settled. */
class BatchChanged extends Error {}

/** The failures with the same code and message, which one statement writes. */
function byReason(failures: UnclaimedFailure[]): UnclaimedFailure[][] {
  const groups = new Map<string, UnclaimedFailure[]>();
  for (const failure of failures) {
    const reason = `${failure.code} ${failure.message}`;
    const group = groups.get(reason);
    if (group) group.push(failure);
    else groups.set(reason, [failure]);
  }
  return [...groups.values()];
}

function failPending(
  manager: EntityManager,
  requestKey: number,
  failures: UnclaimedFailure[],
): Promise<number> {
  const [{ code, message }] = failures;
  const { sql, parameters } = assignments({
    status: 'failed',
    ...failedColumns({ status: 'failed', download: null, code, message, retryable: false }),
  });
  const places = failures.map(() => '?').join(', ');
  const where = `request_key = ? AND status = 'pending' AND number IN (${places})`;
  const numbers = failures.map(({ number }) => number);
  return execute(manager, `UPDATE images SET ${sql} WHERE ${where}`, [...parameters, requestKey, ...numbers]);
}

function settleRow(manager: EntityManager, claim: Claim, settlement: Settlement): Promise<number> {
  const { download } = settlement;
  const { sql, parameters } = assignments({
    status: settlement.status,
    download: download?.how ?? null,
    download_ms: download ? Math.round(download.milliseconds) : null,
    ...(settlement.status === 'failed' ? failedColumns(settlement) : doneColumns(settlement)),
  });
  const key = [claim.requestKey, claim.number, claim.attempt];
  return execute(manager, `UPDATE images SET ${sql} WHERE ${IF_CLAIMED}`, [...parameters, ...key]);
}

function failedColumns(failure: Settlement & { status: 'failed' }): Record<string, unknown> {
  return {
    error_code: failure.code,
    error_message: failure.message.slice(0, MAX_MESSAGE_LENGTH),
    error_retryable: failure.retryable ? 1 : 0,
  };
}

function doneColumns(result: Settlement & { status: 'done' }): Record<string, unknown> {
  const { input, output, report } = result;
  return {
    outcome: result.outcome,
    output_key: result.outputKey,
    error_code: null,
    error_message: null,
    error_retryable: null,
    input_bytes: input.bytes,
    input_format: input.format,
    input_width: input.width,
    input_height: input.height,
    output_bytes: output.bytes,
    output_format: output.format,
    output_width: output.width,
    output_height: output.height,
    quality_used: report.quality,
    similarity: report.similarity === null ? null : Math.round(report.similarity * 10_000), // ten-thousandths
    encode_ms: Math.round(report.milliseconds),
    notes: report.notes.join(',') || null,
  };
}

/** What a repeat takes over from the first image with its URL. */
function settledLike(first: ImageEntity): Partial<ImageEntity> {
  return {
    status: first.status,
    outcome: first.outcome,
    outputKey: first.outputKey,
    errorCode: first.errorCode,
    errorMessage: first.errorMessage,
    errorRetryable: first.errorRetryable,
    inputBytes: first.inputBytes,
    inputFormat: first.inputFormat,
    inputWidth: first.inputWidth,
    inputHeight: first.inputHeight,
    outputBytes: first.outputBytes,
    outputFormat: first.outputFormat,
    outputWidth: first.outputWidth,
    outputHeight: first.outputHeight,
    qualityUsed: first.qualityUsed,
    similarity: first.similarity,
    encodeMs: first.encodeMs,
    notes: first.notes,
    attempt: first.attempt,
    failures: first.failures,
    download: 'repeat',
    downloadMs: null,
  };
}
