import { ApiProperty } from '@nestjs/swagger';
import type { ImageFormat } from '../compression/formats/image-format.js';
import {
  type Effort,
  EFFORTS,
  FORMAT_CHOICES,
  type FormatChoice,
  type ImageNote,
  METADATA_CHOICES,
  type MetadataChoice,
} from '../compression/options.js';
import type { ImageDownload, ImageOutcome, ImageStatus } from '../database/entities/image.entity.js';
import type { RequestOutcome, RequestStatus } from '../database/entities/request.entity.js';
import { codesAt, type ErrorCode } from '../errors/error-codes.js';
import { IMAGE_NOTES } from '../errors/image-codes.js';
import { wordsOf } from '../http/description/words.js';
import { PageResponse } from '../http/page-query.dto.js';

/** A state of a request that clients see. */
export type ShownRequestStatus = Exclude<RequestStatus, 'Receiving'>;
export const REQUEST_STATUSES = wordsOf<ShownRequestStatus>({
  Pending: true,
  Processing: true,
  Completed: true,
});

/** A state of an image that clients see. */
export type ShownImageStatus = Exclude<ImageStatus, 'waiting' | 'repeat'>;
export const IMAGE_STATUSES = wordsOf<ShownImageStatus>({
  pending: true,
  processing: true,
  done: true,
  failed: true,
});

const REQUEST_OUTCOMES = wordsOf<RequestOutcome>({ succeeded: true, partial: true, failed: true });
const IMAGE_OUTCOMES = wordsOf<ImageOutcome>({ compressed: true, kept_original: true });
const DOWNLOADS = wordsOf<ImageDownload>({ fetched: true, not_modified: true, repeat: true });
const IMAGE_FORMATS = wordsOf<ImageFormat>({
  jpeg: true,
  png: true,
  webp: true,
  avif: true,
  gif: true,
  tiff: true,
});

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

/** `pending + processing + done + failed = images`, always. */
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
}

/** Of the images that are done. */
export class RequestBytes {
  /** As fetched. */
  @ApiProperty({ type: 'integer' })
  input!: number;
  /** As delivered. */
  @ApiProperty({ type: 'integer' })
  output!: number;
  /** 100 × (1 − output / input), one decimal; 0 while nothing is done. */
  saved_percent!: number;
}

export class RequestOptionsResponse {
  /** Encoder quality 1 to 100, or as text such as `50%` a part of the source's own; null where a target was given. */
  @ApiProperty({ oneOf: [{ type: 'integer' }, { type: 'string' }], nullable: true, example: 50 })
  quality!: number | string | null;

  @ApiProperty({ nullable: true, type: String, example: 'ssim:0.98' })
  target!: string | null;

  /** `keep`: each image stays in its own format; `auto`: the smallest of several. */
  @ApiProperty({ enum: FORMAT_CHOICES, enumName: 'FormatChoice' })
  format!: FormatChoice;

  @ApiProperty({ nullable: true, type: 'integer' })
  max_width!: number | null;

  @ApiProperty({ nullable: true, type: 'integer' })
  max_height!: number | null;

  @ApiProperty({ enum: EFFORTS, enumName: 'Effort' })
  effort!: Effort;

  @ApiProperty({ enum: METADATA_CHOICES, enumName: 'MetadataChoice' })
  metadata!: MetadataChoice;
}

export class RequestLinks {
  self!: string;
  images!: string;
  hosts!: string;
  output_csv!: string;
  errors_csv!: string;
  webhooks!: string;
}

export class RequestResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: REQUEST_STATUSES, enumName: 'RequestStatus' })
  status!: ShownRequestStatus;

  /** Null until the end, then `failed` where no image was done, `partial` where some failed. */
  @ApiProperty({ enum: REQUEST_OUTCOMES, nullable: true, type: String })
  outcome!: RequestOutcome | null;

  /** The name under which the file was uploaded. */
  @ApiProperty({ example: 'products.csv' })
  file_name!: string;

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

  /** Faults of the file, where their rows were left out (`on_invalid=skip`); `errors.csv` lists them. */
  @ApiProperty({ type: 'integer' })
  faults!: number;

  options!: RequestOptionsResponse;
  links!: RequestLinks;
}

export class ImageFactsResponse {
  @ApiProperty({ type: 'integer' })
  bytes!: number;
  @ApiProperty({ enum: IMAGE_FORMATS, enumName: 'ImageFormat' })
  format!: ImageFormat;
  /** Upright, in pixels. */
  @ApiProperty({ type: 'integer' })
  width!: number;
  /** Upright, in pixels. */
  @ApiProperty({ type: 'integer' })
  height!: number;
}

export class ImageErrorResponse {
  /** One of the codes of images, or `HTTP_` and the status that the server answered. New ones may be added. */
  @ApiProperty({
    anyOf: [
      { type: 'string', enum: codesAt('image') },
      { type: 'string', pattern: '^HTTP_\\d{3}$' },
    ],
    example: 'HTTP_404',
  })
  code!: ErrorCode;
  message!: string;
  /** Whether another try can succeed although nobody has changed anything. */
  retryable!: boolean;
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

  /** Similarity of the output to the input (SSIM of the brightness, both shrunk), 0 to 1; null where it was not measured (`effort=fast`). */
  @ApiProperty({ nullable: true, type: Number, example: 0.9731 })
  similarity!: number | null;

  /** Time from the bytes of the input to those of the output. */
  @ApiProperty({ nullable: true, type: 'integer', example: 12 })
  milliseconds!: number | null;

  /** What was left out or could not be done as asked. */
  @ApiProperty({ enum: Object.keys(IMAGE_NOTES), enumName: 'ImageNote', isArray: true, example: [] })
  notes!: ImageNote[];
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
