import type { ImageDownload, ImageEntity } from '../../database/entities/image.entity.js';
import { MAIN_RENDITION } from '../../database/entities/output.entity.js';
import type { NewOutput } from '../../requests/image-outputs.js';
import type { MadeFile, Settlement } from './image-settlement.js';

/** Characters of `error_message` that the table holds. */
const MAX_MESSAGE_LENGTH = 255;

/** What the row of an image says of how it ended, by column. */
export function columnsOf(settlement: Settlement): Record<string, unknown> {
  const { status, download } = settlement;
  const failure = status === 'failed' ? settlement : null;
  const result = status === 'done' ? settlement : null;
  const { input } = result ?? {};
  return {
    status,
    download: download?.how ?? null,
    download_ms: download ? Math.round(download.milliseconds) : null,
    error_code: failure?.code ?? null,
    error_message: failure?.message.slice(0, MAX_MESSAGE_LENGTH) ?? null,
    error_retryable: failure ? Number(failure.retryable) : null,
    outcome: result?.outcome ?? null,
    input_bytes: input?.bytes ?? null,
    input_format: input?.format ?? null,
    input_width: input?.width ?? null,
    input_height: input?.height ?? null,
  };
}

/** What a repeat takes over from the first image with its URL. */
export function settledLike(first: ImageEntity): Record<string, unknown> {
  return {
    status: first.status,
    download: 'repeat' satisfies ImageDownload,
    download_ms: null,
    error_code: first.errorCode,
    error_message: first.errorMessage,
    error_retryable: first.errorRetryable,
    outcome: first.outcome,
    input_bytes: first.inputBytes,
    input_format: first.inputFormat,
    input_width: first.inputWidth,
    input_height: first.inputHeight,
    attempt: first.attempt,
    failures: first.failures,
  };
}

/** A row for each file that was made of an image. */
export function outputsOf(settlement: Settlement): NewOutput[] {
  if (settlement.status === 'failed') return [];
  return [{ name: MAIN_RENDITION, ...settlement }, ...settlement.renditions].map(outputOf);
}

function outputOf({ name, outputKey, output, report }: { name: string } & MadeFile): NewOutput {
  return {
    ...{ name, fileKey: outputKey },
    ...output,
    quality: report.quality,
    similarity: tenThousandths(report.similarity),
    milliseconds: Math.round(report.milliseconds),
    notes: report.notes.join(',') || null,
  };
}

function tenThousandths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10_000);
}
