import type { Encoded } from './search/search.js';
import { contentTypeOf, type ImageFormat, type SourceFormat } from './formats/image-format.js';
import { hasMetadata, hasMoreTags, isWanted } from './formats/image-metadata.js';
import { type ImageNote, reportsSimilarity } from './options.js';
import type { Job } from './picture.js';
import { rounded } from './search/similarity.js';

/** What a viewer sees: width and height are upright, with the orientation applied. */
export interface ImageFacts {
  bytes: number;
  format: SourceFormat;
  width: number;
  height: number;
}

/** How the output was made. */
export interface CompressionReport {
  /** Encoder quality used, 1 to 100; null where the format has none, or nothing was encoded. */
  quality: number | null;
  /** To the source, 0 to 1; null where it was not asked for (`reportsSimilarity`), but 1 for the source's own pixels. */
  similarity: number | null;
  milliseconds: number;
  /** What was left out or could not be done, as stable codes. */
  notes: readonly ImageNote[];
}

/** The bytes to deliver, and how they were made. */
export interface CompressedImage {
  data: Buffer;
  /** `kept_original`: encoding saves nothing, so these are the source's own pixels, taken out of their file. */
  outcome: 'compressed' | 'kept_original';
  input: ImageFacts;
  output: ImageFacts & { format: ImageFormat };
  /** MIME type of `data`. */
  contentType: string;
  report: CompressionReport;
}

/** A {@link CompressedImage} without the time that it took. */
export type Result = Omit<CompressedImage, 'report'> & { report: Omit<CompressionReport, 'milliseconds'> };

/** Describes an encoding as the result. */
export function describeEncoded(job: Job, best: Encoded, notes: ImageNote[]): Result {
  const { header, wanted } = job;
  const { format, picture, data } = best;
  const all: ImageNote[] = [...header.notes, ...notes];
  if (header.frames > picture.frames) all.push('first_frame_only');
  if (format === 'jpeg' && picture.hasAlpha) all.push('alpha_flattened');
  if (format === 'gif' && mayLoseMetadata(job)) all.push('metadata_dropped');
  if (losesTagsOfTiff(job, format) || hasLostMetadata(job)) all.push('metadata_dropped');
  if (wanted.isAll && !picture.isDescribed && mayLoseMetadata(job)) all.push('metadata_dropped');
  if (!best.isTargetReached) all.push('target_not_reached');
  const isTurned = picture.frames > 1 && header.orientation >= 5;
  const [width, height] = isTurned ? [picture.height, picture.width] : [picture.width, picture.height];
  return {
    ...delivered(job, data, { format, width, height }),
    outcome: 'compressed',
    report: {
      quality: best.hasQuality ? best.quality : null,
      similarity: reportsSimilarity(job.options) ? rounded(best.similarity!) : null,
      notes: [...new Set(all)],
    },
  };
}

/** Describes the source's own pixels as the result. */
export function describeOriginal(job: Job, original: Buffer, notes: ImageNote[]): Result {
  const { header, wanted, options } = job;
  const all: ImageNote[] = [...header.notes, ...notes];
  const losesTags = header.format === 'gif' || (header.format === 'avif' && !wanted.isAll);
  if (losesTags && mayLoseMetadata(job)) all.push('metadata_dropped');
  if (losesTagsOfTiff(job, header.format) || hasLostMetadata(job)) all.push('metadata_dropped');
  const { target } = options;
  if (target && 'bytes' in target && original.length > target.bytes) all.push('target_not_reached');
  return {
    ...delivered(job, original, header),
    outcome: 'kept_original',
    report: { quality: null, similarity: 1, notes: [...new Set(all)] },
  };
}

/** The result, with further notes behind its own. */
export function withMoreNotes({ report, ...result }: Result, notes: ImageNote[]): Result {
  return { ...result, report: { ...report, notes: [...new Set([...report.notes, ...notes])] } };
}

function losesTagsOfTiff({ header, wanted, source }: Job, output: ImageFormat): boolean {
  return header.format === 'tiff' && wanted.isAll && hasMoreTags(source, output);
}

/** Whether some was left out of the file because of its size. */
function hasLostMetadata({ header, options }: Job): boolean {
  return header.isMetadataLeftOut && options.metadata !== 'none';
}

function mayLoseMetadata({ header, wanted }: Job): boolean {
  return isWanted(wanted) && hasMetadata(header.metadata);
}

function delivered(
  { header, inputBytes }: Job,
  data: Buffer,
  { format, width, height }: { format: ImageFormat; width: number; height: number },
) {
  return {
    data,
    input: {
      bytes: inputBytes,
      format: header.inputFormat ?? header.format,
      width: header.width,
      height: header.height,
    },
    output: { bytes: data.length, format, width, height },
    contentType: contentTypeOf(format),
  };
}
