import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

export class ImagesQuery {
  /** Only the images in this state. */
  @ApiPropertyOptional({ enum: ['pending', 'processing', 'done', 'failed'] })
  @IsOptional()
  @IsIn(['pending', 'processing', 'done', 'failed'])
  status?: 'pending' | 'processing' | 'done' | 'failed';

  /** Most images on the page. */
  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @Matches(/^\d{1,9}$/, { message: 'cursor must be the next_cursor of an earlier page' })
  cursor?: string;
}

export class HostsQuery {
  /** Most hosts in the answer. */
  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;
}

export class CsvQuery {
  /**
   * `spreadsheet`: put `'` before cells that a spreadsheet program would run as a formula. That changes the data, so
   * it is not done unasked.
   */
  @ApiPropertyOptional({ enum: ['spreadsheet'] })
  @IsOptional()
  @IsIn(['spreadsheet'])
  safe?: 'spreadsheet';
}
