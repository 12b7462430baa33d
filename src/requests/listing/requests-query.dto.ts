import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { IsTime } from '../../http/checks.js';
import { CursorQuery, Limit } from '../../http/page-query.dto.js';
import type { RequestOutcome } from '../../database/entities/request.entity.js';
import {
  IMAGE_STATUSES,
  REQUEST_OUTCOMES,
  REQUEST_STATUSES,
  type ShownImageStatus,
  type ShownRequestStatus,
} from '../request.dto.js';

/** Characters of a search. */
const MAX_SEARCH_LENGTH = 100;

const SEARCH_MESSAGE = `search must be text of at most ${MAX_SEARCH_LENGTH} characters`;
const TIME_MESSAGE = 'must be a time such as 2026-01-31T12:00:00Z';

export class RequestsQuery {
  /** Only the requests in this state. */
  @ApiPropertyOptional({ enum: REQUEST_STATUSES, enumName: 'RequestStatus' })
  @IsOptional()
  @IsIn(REQUEST_STATUSES, { message: `status must be one of ${REQUEST_STATUSES.join(', ')}` })
  status?: ShownRequestStatus;

  /** Only the requests that ended like this. */
  @ApiPropertyOptional({ enum: REQUEST_OUTCOMES, enumName: 'RequestOutcome' })
  @IsOptional()
  @IsIn(REQUEST_OUTCOMES, { message: `outcome must be one of ${REQUEST_OUTCOMES.join(', ')}` })
  outcome?: RequestOutcome;

  /** Only the requests that were uploaded after this time (ISO 8601). */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsTime(`created_after ${TIME_MESSAGE}`)
  created_after?: string;

  /** Only the requests that were uploaded before this time (ISO 8601). */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsTime(`created_before ${TIME_MESSAGE}`)
  created_before?: string;

  /**
   * Only the requests that have every word of this text in their name, the name of their file or their labels; capitals and small
   * letters are the same. A call looks through 10,000 requests, so a page may hold less than `limit`, even nothing, and still have a
   * `next_cursor` that goes on from there.
   */
  @ApiPropertyOptional({ maxLength: MAX_SEARCH_LENGTH, example: '' })
  @IsOptional()
  @IsString({ message: SEARCH_MESSAGE })
  @MaxLength(MAX_SEARCH_LENGTH, { message: SEARCH_MESSAGE })
  search?: string;

  @Limit({ max: 100, byDefault: 20, of: 'requests on the page' })
  limit: number = 20;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/, { message: 'cursor must be the next_cursor of an earlier page' })
  cursor?: string;
}

export class ImagesQuery extends CursorQuery {
  /** Only the images in this state. */
  @ApiPropertyOptional({ enum: IMAGE_STATUSES, enumName: 'ImageStatus' })
  @IsOptional()
  @IsIn(IMAGE_STATUSES, { message: `status must be one of ${IMAGE_STATUSES.join(', ')}` })
  status?: ShownImageStatus;

  @Limit({ max: 1000, byDefault: 100, of: 'images on the page' })
  limit: number = 100;
}

export class HostsQuery {
  @Limit({ max: 1000, byDefault: 100, of: 'hosts in the answer' })
  limit: number = 100;
}

export class CsvQuery {
  /**
   * `spreadsheet`: put `'` before cells that a spreadsheet program would run as a formula. That changes the data, so
   * it is not done unasked.
   */
  @ApiPropertyOptional({ enum: ['spreadsheet'] })
  @IsOptional()
  @IsIn(['spreadsheet'], { message: 'safe must be spreadsheet, or left out' })
  safe?: 'spreadsheet';
}

export class WorkbookQuery {
  /**
   * `added`: the results in a column of their own, `Output Image Urls`. `replaced`: the uploaded file as it is, with the results in the
   * places of the URLs. `source`: the uploaded file as it is, with the addresses that a retry gave in the places of those that they
   * mended. Unless given, `replaced` for the file of a shop or marketplace, and `added` for any other.
   */
  @ApiPropertyOptional({ enum: ['added', 'replaced', 'source'] })
  @IsOptional()
  @IsIn(['added', 'replaced', 'source'], {
    message: 'urls must be added, replaced or source, and given once only',
  })
  urls?: 'added' | 'replaced' | 'source';

  /**
   * What stands in the place of an image that failed: its own URL, or nothing. Unless given, `source` with `urls=replaced`, since some shops
   * delete a picture whose cell is empty, and `empty` with `urls=added`.
   */
  @ApiPropertyOptional({ enum: ['source', 'empty'] })
  @IsOptional()
  @IsIn(['source', 'empty'], { message: 'failed must be source or empty, and given once only' })
  failed?: 'source' | 'empty';
}

export class OutputQuery extends IntersectionType(CsvQuery, WorkbookQuery) {
  /** `true`: with `urls=added` one more column, with each image and its `sizes` as an HTML `srcset`; those of several images are separated by ` | `. */
  @ApiPropertyOptional({ enum: ['true', 'false'] })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'srcset must be true or false, and given once only' })
  srcset?: 'true' | 'false';
}
