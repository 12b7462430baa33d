import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../http/api-key.guard.js';
import { settings, type Settings } from '../config/settings.js';
import { Readiness } from './readiness.js';

const READY = {
  example: { status: 'ok', mode: 'all', checks: { database: 'ok', queue: 'ok', storage: 'ok' } },
};

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
  @ApiOperation({ summary: 'Whether the process is alive; restart it where it is not' })
  @ApiOkResponse({ schema: { example: { status: 'ok' } } })
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether the process can do its work now' })
  @ApiOkResponse({ schema: READY })
  @ApiServiceUnavailableResponse({ schema: READY })
  async ready(@Res({ passthrough: true }) response: Response): Promise<object> {
    const checks = await this.readiness.check();
    const isReady = !this.readiness.isStopping && Object.values(checks).every((check) => check === 'ok');
    response.status(isReady ? 200 : 503);
    const status = this.readiness.isStopping ? 'stopping' : isReady ? 'ok' : 'unavailable';
    return { status, mode: this.settings.MODE, checks };
  }
}
