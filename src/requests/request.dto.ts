import { ApiProperty } from '@nestjs/swagger';
import type { ImageDownload, ImageOutcome } from '../database/entities/image.entity.js';
import type { RequestOutcome } from '../database/entities/request.entity.js';
import { EFFORTS, FORMAT_CHOICES, METADATA_CHOICES } from '../compression/options.js';
import { IMAGE_NOTES } from '../errors/image-codes.js';

/** Exactly what the original system answered. */
export class StatusResponse {
  @ApiProperty({ enum: ['Pending', 'Processing', 'Completed'] })
  status!: string;
}

/** `pending + processing + done + failed = images`, always. */
export class RequestCounts {
  /** Rows of the file. */
  products!: number;
  /** URLs in all its cells. */
  images!: number;
  /** Not begun, or waiting for another try. */
  pending!: number;
  processing!: number;
  done!: number;
  failed!: number;
}

/** Of the images that are done. */
export class RequestBytes {
  /** As fetched. */
  input!: number;
  /** As delivered. */
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
  @ApiProperty({ enum: FORMAT_CHOICES })
  format!: string;

  @ApiProperty({ nullable: true, type: 'integer' })
  max_width!: number | null;

  @ApiProperty({ nullable: true, type: 'integer' })
  max_height!: number | null;

  @ApiProperty({ enum: EFFORTS })
  effort!: string;

  @ApiProperty({ enum: METADATA_CHOICES })
  metadata!: string;
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

  @ApiProperty({ enum: ['Pending', 'Processing', 'Completed'] })
  status!: string;

  /** Null until the end, then `failed` where no image was done, `partial` where some failed. */
  @ApiProperty({ enum: ['succeeded', 'partial', 'failed'], nullable: true, type: String })
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
  faults!: number;

  options!: RequestOptionsResponse;
  links!: RequestLinks;
}

export class ImageFactsResponse {
  bytes!: number;
  @ApiProperty({ example: 'jpeg' })
  format!: string;
  /** Upright, in pixels. */
  width!: number;
  /** Upright, in pixels. */
  height!: number;
}

export class ImageErrorResponse {
  @ApiProperty({ example: 'HTTP_404' })
  code!: string;
  message!: string;
  /** Whether another try could succeed without anybody changing the file. */
  retryable!: boolean;
}

export class ImageDownloadResponse {
  /**
   * `not_modified`: the server said that it is the file we had the last time; `repeat`: with another image of the request
   * that has the same URL.
   */
  @ApiProperty({ enum: ['fetched', 'not_modified', 'repeat'] })
  how!: ImageDownload;

  /** From the call to the last byte. */
  @ApiProperty({ nullable: true, type: Number })
  milliseconds!: number | null;
}

export class ImageResponse {
  id!: string;
  /** Line of the file on which its row begins; the first is 1. */
  line!: number;
  serial_number!: string;
  product_name!: string;
  /** Place in its cell; the first is 1. */
  position!: number;
  input_url!: string;

  @ApiProperty({ nullable: true, type: String })
  output_url!: string | null;

  @ApiProperty({ enum: ['pending', 'processing', 'done', 'failed'] })
  status!: string;

  /** `kept_original`: the source's own pixels, taken out of their file, where compressing would have gained nothing. */
  @ApiProperty({ enum: ['compressed', 'kept_original'], nullable: true, type: String })
  outcome!: ImageOutcome | null;

  @ApiProperty({ nullable: true, type: ImageErrorResponse })
  error!: ImageErrorResponse | null;

  /** Times that it was tried. */
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
  @ApiProperty({ enum: Object.keys(IMAGE_NOTES), isArray: true, example: [] })
  notes!: string[];
}

export class ImagePageResponse {
  items!: ImageResponse[];

  /** Give it as `cursor` for the next page; null on the last. */
  @ApiProperty({ nullable: true, type: String })
  next_cursor!: string | null;
}

export class HostResponse {
  /** With the port, where the URL names one. */
  @ApiProperty({ example: 'cdn.example.com' })
  host!: string;
  images!: number;
  /** Not settled yet. */
  pending!: number;
  done!: number;
  failed!: number;

  /** How many failed with which code, most first. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { HTTP_404: 8 } })
  failures!: Record<string, number>;

  /** Of the images that were fetched and are done. */
  bytes!: number;

  /** Of its downloads, from the call to the last byte, to the nearest 10 from 100 on; null before the first. */
  @ApiProperty({ nullable: true, type: Number })
  median_milliseconds!: number | null;
}

export class HostsResponse {
  /** Hosts of the request. */
  total!: number;
  /** Those with the most images first. */
  items!: HostResponse[];
}

/** An example of {@link ErrorResponse}, for the description of the API. */
export const errorExample = (code: string, error: string) => ({ error, code });

/** Every error but the 404 of `/status`. */
export class ErrorResponse {
  /** One sentence. */
  error!: string;
  /** Stable. */
  code!: string;
  /** One entry per fault, where there are several. */
  @ApiProperty({ required: false, type: [Object] })
  details?: unknown[];
}
