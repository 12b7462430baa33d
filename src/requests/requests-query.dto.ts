import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { CursorQuery, Limit } from '../http/page-query.dto.js';
import { IMAGE_STATUSES, type ShownImageStatus } from './request.dto.js';

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
