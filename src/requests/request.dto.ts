import { ApiProperty } from '@nestjs/swagger';
import type { ImageNote } from '../compression/options.js';
import type { ImageDownload, ImageOutcome, ImageStatus } from '../database/entities/image.entity.js';
import type { RequestOutcome, RequestStatus } from '../database/entities/request.entity.js';
import { IMAGE_NOTES } from '../errors/image-codes.js';
import { wordsOf } from '../http/description/words.js';
import { PageResponse } from '../http/page-query.dto.js';
import type { UrlsWritten } from '../tables/tables.js';
import { ImageErrorResponse } from './redos/image-error.dto.js';
import { RedoResponse } from './redos/redo.dto.js';
import { ImageFactsResponse, OutputResponse, RenditionResponse } from './renditions/output.dto.js';
import { RequestOptionsResponse } from './request-options.dto.js';
import { WarningListing } from './request-warnings.dto.js';

/** A state of a request that clients see. */
export type ShownRequestStatus = Exclude<RequestStatus, 'Receiving' | 'Deleting' | 'Retrying'>;
export const REQUEST_STATUSES = wordsOf<ShownRequestStatus>({
  Pending: true,
  Processing: true,
  Completed: true,
  Cancelled: true,
});

/** A state of an image that clients see. */
export type ShownImageStatus = Exclude<ImageStatus, 'waiting' | 'repeat'> | 'cancelled';
export const IMAGE_STATUSES = wordsOf<ShownImageStatus>({
  pending: true,
  processing: true,
  done: true,
  failed: true,
  cancelled: true,
});

export const REQUEST_OUTCOMES = wordsOf<RequestOutcome>({
  succeeded: true,
  partial: true,
  failed: true,
  cancelled: true,
});
const IMAGE_OUTCOMES = wordsOf<ImageOutcome>({ compressed: true, kept_original: true });
const DOWNLOADS = wordsOf<ImageDownload>({ fetched: true, not_modified: true, repeat: true });
/** Exactly what the original system answered. */
export class StatusResponse {
  @ApiProperty({ enum: REQUEST_STATUSES, enumName: 'RequestStatus' })
  status!: ShownRequestStatus;
}

/** Exactly what the original system answered where there is no request with an id. */
export class InvalidRequestIdResponse {
  @ApiProperty({ enum: ['Invalid request ID'] })
  error!: string;
}

/** `pending + processing + done + failed + cancelled = images`, always. */
export class RequestCounts {
  /** Rows of the file. */
  @ApiProperty({ type: 'integer' })
  products!: number;
  /** URLs in all its cells. */
  @ApiProperty({ type: 'integer' })
  images!: number;
  /** Not begun, or waiting for another try. */
  @ApiProperty({ type: 'integer' })
  pending!: number;
  @ApiProperty({ type: 'integer' })
  processing!: number;
  @ApiProperty({ type: 'integer' })
  done!: number;
  @ApiProperty({ type: 'integer' })
  failed!: number;
  /** Not begun, or waiting for another try, when the request was cancelled. */
  @ApiProperty({ type: 'integer' })
  cancelled!: number;
}

/** Of the images that are done. */
export class RequestBytes {
  /** As fetched. */
  @ApiProperty({ type: 'integer' })
  input!: number;
  /** As delivered, in all renditions. */
  @ApiProperty({ type: 'integer' })
  output!: number;
  /** Of these, in renditions besides the image itself. */
  @ApiProperty({ type: 'integer' })
  renditions!: number;
  /** Of the images themselves: 100 × (1 − output / input), one decimal; 0 while nothing is done. */
  saved_percent!: number;
}

export class RequestLinks {
  self!: string;
  images!: string;
  hosts!: string;
  output_csv!: string;
  /** Null where the request was not made of a workbook. */
  @ApiProperty({ nullable: true, type: String })
  output_xlsx!: string | null;
  errors_csv!: string;
  images_zip!: string;
  renditions_csv!: string;
  webhooks!: string;
  events!: string;
}

export class RequestResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: REQUEST_STATUSES, enumName: 'RequestStatus' })
  status!: ShownRequestStatus;

  /** Null until the end, then `failed` where no image was done, `partial` where some failed, `cancelled` where it was. */
  @ApiProperty({ enum: REQUEST_OUTCOMES, nullable: true, type: String })
  outcome!: RequestOutcome | null;

  /** 1, and one more with each retry. */
  @ApiProperty({ type: 'integer', example: 1 })
  run!: number;

  /** Whether nothing of it changes any more, in this run. */
  is_final!: boolean;

  /** As given with the upload, or the name of the file without its extension. */
  @ApiProperty({ example: 'products' })
  name!: string;
  /** The name under which the file was uploaded. */
  @ApiProperty({ example: 'products.csv' })
  file_name!: string;

  /** The pairs that were given with the upload. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { order: '2026-114' } })
  labels!: Record<string, string>;
  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  started_at!: string | null;

  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  completed_at!: string | null;

  counts!: RequestCounts;

  /** Settled images as a part of all, 0 to 1. */
  @ApiProperty({ example: 0.2667 })
  progress!: number;

  bytes!: RequestBytes;

  /** Done images for which an earlier result was reused; images that repeat another one of the file are not counted. */
  @ApiProperty({ type: 'integer' })
  reused!: number;
  /** How long it will take, by the images settled so far; null while that is not known, 0 at the end. */
  @ApiProperty({ type: 'integer', nullable: true, example: 40 })
  seconds_left!: number | null;

  /** Rows of the file without a URL: they are kept, and their output is empty. */
  @ApiProperty({ type: 'integer' })
  rows_without_images!: number;

  /** Faults of the file, where their rows were left out (`on_invalid=skip`); `errors.csv` lists them. */
  @ApiProperty({ type: 'integer' })
  faults!: number;

  /** Addresses of the file that are taken although their images will fail, or are odd; and what the whole file is warned of. */
  warnings!: WarningListing;

  options!: RequestOptionsResponse;

  /** Days for which what its images were made of is kept; 0: not. */
  @ApiProperty({ type: 'integer', example: 0 })
  keep_sources!: number;

  /** What its results are called, as it was given with the upload; null for `image`. */
  @ApiProperty({ nullable: true, type: String, example: '{product}-{n}' })
  image_name!: string | null;

  /** Where `output.csv` and `output.xlsx` have the results unless their `urls` says otherwise. */
  @ApiProperty({ enum: ['added', 'replaced'] })
  urls!: UrlsWritten;

  /** Further forms in which each image is made. */
  renditions!: RenditionResponse[];
  links!: RequestLinks;
}

export class ImageDownloadResponse {
  /**
   * `not_modified`: the server said that it is the file we had the last time; `repeat`: with another image of the request
   * that has the same URL.
   */
  @ApiProperty({ enum: DOWNLOADS })
  how!: ImageDownload;

  /** From the call to the last byte. */
  @ApiProperty({ nullable: true, type: 'integer' })
  milliseconds!: number | null;
}

export class ImageResponse {
  id!: string;
  /** Line of the file on which its row begins; the first is 1. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  serial_number!: string;
  product_name!: string;
  /** Place in its cell; the first is 1. */
  @ApiProperty({ type: 'integer' })
  position!: number;
  input_url!: string;

  /** The URL in the uploaded file, where a retry or a redo gave another (`input_url`); null where none did. */
  @ApiProperty({ nullable: true, type: String })
  file_url!: string | null;

  @ApiProperty({ nullable: true, type: String })
  output_url!: string | null;

  @ApiProperty({ enum: IMAGE_STATUSES, enumName: 'ImageStatus' })
  status!: ShownImageStatus;

  /** `kept_original`: the source's own pixels, taken out of their file, where compressing would have gained nothing. */
  @ApiProperty({ enum: IMAGE_OUTCOMES, nullable: true, type: String })
  outcome!: ImageOutcome | null;

  @ApiProperty({ nullable: true, type: ImageErrorResponse })
  error!: ImageErrorResponse | null;

  /** Times that it was tried. */
  @ApiProperty({ type: 'integer' })
  attempts!: number;

  /** Null before, and where it failed. */
  @ApiProperty({ nullable: true, type: ImageDownloadResponse })
  download!: ImageDownloadResponse | null;

  @ApiProperty({ nullable: true, type: ImageFactsResponse })
  input!: ImageFactsResponse | null;

  @ApiProperty({ nullable: true, type: ImageFactsResponse })
  output!: ImageFactsResponse | null;

  /** Encoder quality used, 1 to 100, on the scale on which it was asked for; null where the format has none (GIF, and what is stored without loss), or the original was kept. */
  @ApiProperty({ nullable: true, type: 'integer', example: 50 })
  quality!: number | null;

  /** Similarity of the output to the input in colours, brightness and transparency, 0 to 1; null where it was not measured (`measure=none`). */
  @ApiProperty({ nullable: true, type: Number, example: 0.9731 })
  similarity!: number | null;

  /** Time from the bytes of the input to those of the output. */
  @ApiProperty({ nullable: true, type: 'integer', example: 12 })
  milliseconds!: number | null;

  /** What was left out or could not be done as asked. */
  @ApiProperty({ enum: Object.keys(IMAGE_NOTES), enumName: 'ImageNote', isArray: true, example: [] })
  notes!: ImageNote[];

  /** Whether it keeps the rules of the channel that it is for (`for`); null where it is for none, or not done. */
  @ApiProperty({ nullable: true, type: Boolean })
  fits!: boolean | null;

  /** The rules that it breaks, each with what is and what should be. */
  @ApiProperty({ type: [String], example: ['too_small: 430 < 500'] })
  broken_rules!: string[];

  /** What was made of it: the image itself (`image`), then its renditions. */
  outputs!: OutputResponse[];

  /** That it was made anew after it was done, or is to be (`POST /requests/<id>/images/<number>/redo`). */
  @ApiProperty({ nullable: true, type: RedoResponse })
  redo!: RedoResponse | null;
}

export class RequestPageResponse extends PageResponse {
  items!: RequestResponse[];
}

export class ImagePageResponse extends PageResponse {
  items!: ImageResponse[];
}

export class HostResponse {
  /** With the port, where the URL names one. */
  @ApiProperty({ example: 'cdn.example.com' })
  host!: string;
  @ApiProperty({ type: 'integer' })
  images!: number;
  /** Not settled yet. */
  @ApiProperty({ type: 'integer' })
  pending!: number;
  @ApiProperty({ type: 'integer' })
  done!: number;
  @ApiProperty({ type: 'integer' })
  failed!: number;

  /** How many failed with which code, most first. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { HTTP_404: 8 } })
  failures!: Record<string, number>;

  /** Of the images that were fetched and are done. */
  @ApiProperty({ type: 'integer' })
  bytes!: number;

  /** Of its downloads, from the call to the last byte, to the nearest 10 from 100 on; null before the first. */
  @ApiProperty({ nullable: true, type: 'integer' })
  median_milliseconds!: number | null;
}

export class HostsResponse {
  /** Hosts of the request. */
  @ApiProperty({ type: 'integer' })
  total!: number;
  /** Those with the most images first. */
  items!: HostResponse[];
}
