import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../http/guards/api-key.guard.js';
import { ApiCall } from '../http/description/api-call.js';
import { settings, type Settings } from '../config/settings.js';
import { LivenessResponse, ReadinessResponse } from './health.dto.js';
import { Readiness } from './readiness.js';

/** For load balancers and container platforms; answered in every mode. */
@Public()
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Get('live')
  @ApiCall({
    operationId: 'getLiveness',
    summary: 'Whether the process is alive; restart it where it is not',
    answer: { type: LivenessResponse },
  })
  live(): LivenessResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiCall({
    operationId: 'getReadiness',
    summary: 'Whether the process can do its work now',
    answer: { type: ReadinessResponse },
  })
  @ApiServiceUnavailableResponse({ type: ReadinessResponse, description: 'It can not, or it is stopping' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadinessResponse> {
    const { workers, ...checks } = await this.readiness.check();
    const isReady = !this.readiness.isStopping && Object.values(checks).every((check) => check === 'ok');
    response.status(isReady ? 200 : 503);
    const status = this.readiness.isStopping ? 'stopping' : isReady ? 'ok' : 'unavailable';
    return { status, mode: this.settings.MODE, checks, workers };
  }
}
