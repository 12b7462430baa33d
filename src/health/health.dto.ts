import { ApiProperty } from '@nestjs/swagger';
import type { Settings } from '../config/settings.js';

const CHECK_RESULTS = ['ok', 'unavailable'] as const;
export type CheckResult = (typeof CHECK_RESULTS)[number];

export class LivenessResponse {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

/** What a process needs for its work, one by one. */
export class ChecksResponse {
  @ApiProperty({ enum: CHECK_RESULTS })
  database!: CheckResult;

  @ApiProperty({ enum: CHECK_RESULTS })
  queue!: CheckResult;

  @ApiProperty({ enum: CHECK_RESULTS })
  storage!: CheckResult;

  /** `unavailable`: less than `MIN_FREE_BYTES` is free, so that uploads are refused and images wait. */
  @ApiProperty({ enum: CHECK_RESULTS })
  free_space!: CheckResult;
}

export class ReadinessResponse {
  /** `ok` with status 200; the others with 503. */
  @ApiProperty({ enum: ['ok', 'unavailable', 'stopping'] })
  status!: 'ok' | 'unavailable' | 'stopping';

  @ApiProperty({ enum: ['all', 'api', 'worker'] })
  mode!: Settings['MODE'];

  checks!: ChecksResponse;

  /** Processes that work on images: with 0 uploads are taken, and wait. Null where that is not known. */
  @ApiProperty({ type: 'integer', nullable: true })
  workers!: number | null;
}
