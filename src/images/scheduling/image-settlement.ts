import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CompressionReport, ImageFacts } from '../../compression/compress.js';
import { Database } from '../../database/database.js';
import type {
  ImageDownload,
  ImageEntity,
  ImageOutcome,
  ImageStatus,
} from '../../database/entities/image.entity.js';
import { updateRows } from '../../database/statements/insert-rows.js';
import { byPrimaryKey, forUpdate, rowsOf } from '../../database/statements/locking.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { insertOutputs, mainOutput, type NewOutput } from '../../requests/image-outputs.js';
import { Measurements, type MeasuredImage } from '../../measurements/measurements.js';
import { maySettle, RequestsService, type SettledImages } from '../../requests/requests.service.js';
import { Files } from '../../stored-files/files.js';
import { insertSources, type KeptSource } from '../../stored-files/kept-files.js';
import { addToOpen, groupBy, lockHosts } from './host-counts.js';
import { columnsOf, outputsOf, settledLike } from './settled-columns.js';

/** A worker's right to settle an image: it ends when another worker claims the image. */
export interface Claim {
  requestKey: number;
  number: number;
  /** The number of its host in the request. */
  host: number;
  attempt: number;
}

/** How the source bytes of an image were obtained. */
export interface DownloadFacts {
  how: Exclude<ImageDownload, 'repeat'>;
  /** From the call to the last byte. */
  milliseconds: number;
}

/** What was made of an image in one form: a stored file, and how it came out. */
export interface MadeFile {
  outputKey: string;
  output: ImageFacts;
  report: CompressionReport;
}

/** How an image ended for good. `download` is null where there was none, or where the download is what failed. */
export type Settlement =
  | ({
      status: 'done';
      download: DownloadFacts | null;
      outcome: ImageOutcome;
      /** Whether all of it are earlier results, as they were. */
      isReused: boolean;
      input: ImageFacts;
      /** The stored file with its source, where that is kept; none unless given. */
      source?: KeptSource;
      /** In the further forms that the request asks for, by name. */
      renditions: ({ name: string } & MadeFile)[];
    } & MadeFile)
  | {
      status: 'failed';
      download: DownloadFacts | null;
      code: ErrorCode;
      message: string;
      retryable: boolean;
    };

/** An image that fails for good without having been claimed. */
export interface UnclaimedFailure {
  number: number;
  /** The number of its host in the request. */
  host: number;
  code: ErrorCode;
  message: string;
  /** No unless given. */
  retryable?: boolean;
}

/** An image that has ended, and what its row is to say then. */
interface Ending {
  requestKey: number;
  number: number;
  host: number;
  /** The states in which it may be settled; in any other it is somebody else's, or settled already. */
  from: ImageStatus[];
  /** Of the claim; null where none is needed. */
  attempt: number | null;
  /** By column name; in one transaction all have the same columns. */
  columns: Record<string, unknown>;
  /** What was made of it; nothing where it failed. */
  outputs: NewOutput[];
  /** What it was made of, where that is kept. */
  source?: KeptSource;
  /** Whether that was made for another image before. */
  isReused: boolean;
}

interface ImageRow {
  requestKey: number;
  number: number;
  attempt: number;
  status: ImageStatus;
}

/** Columns that a row needs and no settlement writes. */
const UNCHANGED = { product_number: 0, position: 0, input_url: '' };

/** States in which an image counts among the open ones of its host. */
const OPEN: ImageStatus[] = ['pending', 'waiting', 'processing'];

/**
 * Writes how images ended into their rows, and counts them in the same transaction: some hundred at a time, of any requests.
 * A worker that no longer holds an image changes nothing. Everything locks in one order: requests, their hosts,
 * images, files, events.
 */
@Injectable()
export class ImageSettlement {
  constructor(
    private readonly database: Database,
    private readonly requests: RequestsService,
    private readonly files: Files,
    private readonly measurements: Measurements,
  ) {}

  /**
   * Settles images whose claims still hold, some hundred at most. The last image of a request completes it.
   * @returns for each whether it was settled. If not, its claim had ended, and nothing of it was changed; or its file has been
   * deleted since, and it is pending again. Calling twice is safe.
   */
  settle(batch: { claim: Claim; settlement: Settlement }[]): Promise<boolean[]> {
    return this.write(
      batch.map(({ claim, settlement }) => ({
        ...keyOf(claim),
        from: ['processing'],
        attempt: claim.attempt,
        columns: columnsOf(settlement),
        outputs: outputsOf(settlement),
        source: settlement.status === 'done' ? settlement.source : undefined,
        isReused: settlement.status === 'done' && settlement.isReused,
      })),
    );
  }

  /**
   * Fails some hundred images that nobody has claimed. Those that somebody claimed or settled in the meantime are left
   * alone, so calling twice is safe.
   * @param from the states in which they may be; the pending ones unless given
   */
  async failUnclaimed(
    requestKey: number,
    failures: UnclaimedFailure[],
    from: ImageStatus[] = ['pending'],
  ): Promise<void> {
    await this.write(
      failures.map(({ number, host, code, message, retryable = false }) => ({
        ...{ requestKey, number, host, from },
        attempt: null,
        columns: columnsOf({ status: 'failed', download: null, code, message, retryable }),
        outputs: [],
        isReused: false,
      })),
    );
  }

  /**
   * Settles repeats, each in the way its first image was settled, with the same outputs; some hundred at most. Calling twice
   * is safe.
   */
  async settleLike(repeats: { number: number; first: ImageEntity; outputs: NewOutput[] }[]): Promise<void> {
    await this.write(
      repeats.map(({ number, first, outputs }) => ({
        ...{ requestKey: first.requestKey, number, host: first.host },
        from: ['repeat'],
        attempt: null,
        columns: settledLike(first),
        outputs,
        isReused: false, // it was not looked for
      })),
    );
  }

  /** @returns for each whether it was settled */
  private async write(endings: Ending[]): Promise<boolean[]> {
    if (endings.length === 0) return [];
    const isOurs = await this.writeTogether(endings);
    this.measurements.imagesSettled(endings.filter((_, index) => isOurs[index]).map(measured));
    return isOurs;
  }

  /** In one transaction. */
  private writeTogether(endings: Ending[]): Promise<boolean[]> {
    return this.database.transaction(async (manager) => {
      const requests = await this.requests.lock(
        manager,
        endings.map(({ requestKey }) => requestKey),
      );
      await lockHosts(manager, endings);
      const found = await readImages(manager, endings);
      const held = endings.filter(
        (ending) => maySettle(requests.get(ending.requestKey)) && isStill(ending, found.get(nameOf(ending))),
      );
      const ours = await this.withFiles(manager, held);
      const isOurs = endings.map((ending) => ours.includes(ending));
      if (ours.length === 0) return isOurs;

      const nextNo = new Map([...requests].map(([key, { settledNo }]) => [key, settledNo]));
      const rows = ours.map(({ requestKey, number, columns }) => {
        const settledNo = nextNo.get(requestKey)! + 1;
        nextNo.set(requestKey, settledNo);
        return { request_key: requestKey, number, settled_no: settledNo, ...columns };
      });
      const wereOpen = ours.filter((ending) => OPEN.includes(found.get(nameOf(ending))!.status));
      await addToOpen(manager, wereOpen, -1);
      await updateRows(manager, 'images', ['request_key', 'number'], rows, UNCHANGED);
      await insertOutputs(manager, ours);
      await insertSources(
        manager,
        ours.flatMap(({ source, ...ending }) => (source ? [{ ...ending, source }] : [])),
      );
      await this.requests.recordSettled(manager, requests, countsOf(ours));
      return isOurs;
    });
  }

  /**
   * Those whose files are there, and stay until the end of the transaction. The others are pending again, as if they had not
   * been claimed: their files were deleted after they were looked up, and have to be made again.
   */
  private async withFiles(manager: EntityManager, endings: Ending[]): Promise<Ending[]> {
    const keysOf = ({ outputs, source }: Ending) =>
      [...outputs, ...(source ? [source] : [])].map(({ fileKey }) => fileKey);
    const live = await this.files.lock(manager, endings.flatMap(keysOf));
    const isWhole = (ending: Ending) => keysOf(ending).every((key) => live.has(key));
    const broken = endings.filter((ending) => !isWhole(ending) && ending.attempt !== null);
    const rows = broken.map(({ requestKey, number }) => ({
      request_key: requestKey,
      number,
      status: 'pending',
    }));
    await updateRows(manager, 'images', ['request_key', 'number'], rows, UNCHANGED);
    return endings.filter(isWhole);
  }
}

function keyOf({ requestKey, number, host }: Claim): Pick<Ending, 'requestKey' | 'number' | 'host'> {
  return { requestKey, number, host };
}

function nameOf({ requestKey, number }: { requestKey: number; number: number }): string {
  return `${requestKey}-${number}`;
}

function isStill({ from, attempt }: Ending, row: ImageRow | undefined): boolean {
  return row !== undefined && from.includes(row.status) && (attempt === null || attempt === row.attempt);
}

async function readImages(manager: EntityManager, endings: Ending[]): Promise<Map<string, ImageRow>> {
  const byRequest = groupBy(
    endings,
    ({ requestKey }) => requestKey,
    ({ number }) => number,
  );
  const { sql, parameters } = rowsOf('number', byRequest);
  const rows = await manager.query<ImageRow[]>(
    `SELECT request_key AS requestKey, number, attempt, status FROM ${byPrimaryKey(manager, 'images')}
     WHERE ${sql} ORDER BY request_key, number${forUpdate(manager)}`,
    parameters,
  );
  return new Map(rows.map((row) => [nameOf(row), row]));
}

function countsOf(endings: Ending[]): Map<number, SettledImages> {
  const counts = new Map<number, SettledImages>();
  for (const { requestKey, number, columns, outputs, isReused } of endings) {
    const count = counts.get(requestKey) ?? {
      ...{ done: 0, failedNumbers: [], reused: 0 },
      ...{ inputBytes: 0, outputBytes: 0, renditionBytes: 0 },
    };
    counts.set(requestKey, count);
    if (columns.status === 'failed') count.failedNumbers.push(number);
    else count.done++;
    if (isReused) count.reused++;
    count.inputBytes += Number(columns.input_bytes ?? 0);
    const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
    count.outputBytes += bytes;
    count.renditionBytes += bytes - (mainOutput(outputs)?.bytes ?? 0);
  }
  return counts;
}

function measured({ columns, outputs }: Ending): MeasuredImage {
  const { status, error_code, download, download_ms, input_bytes } = columns;
  const isFetched = typeof download === 'string' && typeof download_ms === 'number';
  return {
    state: status === 'failed' ? 'failed' : 'done',
    code: error_code as string | null,
    format: mainOutput(outputs)?.format ?? null,
    download: isFetched ? { how: download, milliseconds: download_ms } : null,
    encodeMs: download === 'repeat' ? null : encodeMsOf(outputs),
    inputBytes: Number(input_bytes ?? 0),
    outputBytes: outputs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function encodeMsOf(outputs: NewOutput[]): number | null {
  return outputs.length === 0 ? null : outputs.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}
