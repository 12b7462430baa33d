import { ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsOptional } from 'class-validator';
import { AppError } from '../../errors/app-error.js';
import { codesAt, type ErrorCode } from '../../errors/error-codes.js';
import { IsListOf } from '../../http/checks.js';
import { parseUrl } from '../../outbound/urls/parse-url.js';
import type { RetrySelection } from './retry-selection.js';

const IMAGE_CODE = new RegExp(`^(HTTP_\\d{3}|${codesAt('image').join('|')})$`);
const CODES_MESSAGE = 'codes must be a list of error codes of images, each once, such as ["HTTP_503"]';

/** More than there are. */
const MAX_CODES = 1_000;
const MAX_IMAGES = 1_000;
const MAX_URLS = 100;
const MAX_URL_LENGTH = 2_048;

/** Which images are tried again. */
export class RetryBody {
  /**
   * Of the images that failed, only those with these codes; all unless given. What was cancelled is tried again in any case, and alone
   * with `IMAGE_CANCELLED`.
   */
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', pattern: IMAGE_CODE.source },
    minItems: 1,
    uniqueItems: true,
    example: ['HTTP_503'],
  })
  @IsOptional()
  @IsListOf((code) => IMAGE_CODE.test(code), MAX_CODES, CODES_MESSAGE)
  codes?: ErrorCode[];

  /** Of the images that failed, only these, by their `id`, and those with the same URL; up to 1,000. */
  @Allow()
  @ApiPropertyOptional({ type: 'array', items: { type: 'string' }, maxItems: MAX_IMAGES, uniqueItems: true })
  images?: unknown;

  /**
   * Other URLs for images that failed, by their `id`, up to 100: only these are tried again, and those of `images`. Images that had the
   * same URL get the new one as well.
   */
  @Allow()
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', format: 'uri' },
    example: { '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8-7': 'https://images.example.com/mug.jpg' },
  })
  urls?: unknown;
}

/** Which images a body chooses, and the URLs that it gives. */
export interface WantedRetry {
  selection: RetrySelection;
  urls: Map<number, string>;
}

/**
 * Reads the body of a retry, for a request with this id.
 * @throws AppError `INVALID_PARAMETER`
 */
export function wantedRetry(id: string, { codes, images, urls }: RetryBody): WantedRetry {
  if (urls !== undefined && !isObjectOfUrls(urls))
    throw invalid('urls', `urls must be an object of 1 to ${MAX_URLS} URLs by the ids of their images`);
  const given = Object.entries(urls ?? {}).map(([image, url]): [number, string] => [
    numberOf(id, image, 'urls'),
    checkedUrl(url),
  ]);
  if (images !== undefined && !(Array.isArray(images) && images.length > 0 && images.length <= MAX_IMAGES))
    throw invalid('images', `images must be a list of 1 to ${MAX_IMAGES} ids of images`);
  const chosen = ((images ?? []) as unknown[]).map((image) => numberOf(id, image, 'images'));
  const numbers = [...new Set([...chosen, ...given.map(([number]) => number)])];
  return {
    selection: { ...(codes ? { codes } : {}), ...(numbers.length > 0 ? { numbers } : {}) },
    urls: new Map(given),
  };
}

function isObjectOfUrls(urls: unknown): urls is object {
  if (typeof urls !== 'object' || urls === null || Array.isArray(urls)) return false;
  const count = Object.keys(urls).length;
  return count > 0 && count <= MAX_URLS;
}

function numberOf(id: string, image: unknown, field: string): number {
  const [, request, number] = /^(.{36})-([1-9]\d{0,8})$/.exec(typeof image === 'string' ? image : '') ?? [];
  if (request?.toLowerCase() !== id.toLowerCase())
    throw invalid(field, `${field} must name images of this request by their id`);
  return Number(number);
}

/** Whether it is a whole address of an image, which may be fetched or not. */
export function isWholeUrl(url: unknown): url is string {
  return (
    typeof url === 'string' &&
    url.length <= MAX_URL_LENGTH &&
    /^https?:\/\/\S+$/i.test(url) &&
    parseUrl(url) !== null
  );
}

function checkedUrl(url: unknown): string {
  if (isWholeUrl(url)) return url;
  throw invalid('urls', 'each of urls must be a whole address that begins with http:// or https://');
}

function invalid(field: string, message: string): AppError {
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', sentence, { details: [{ field, message }] });
}
