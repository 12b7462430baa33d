import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiCall } from '../http/description/api-call.js';
import { Needs } from '../http/guards/principal.js';
import { Gauges } from './gauges.js';
import { METRICS_HEADERS } from './public-metrics.js';

/** For Prometheus, and whatever reads its format; answered in every mode. */
@ApiTags('health')
@Needs('admin')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly gauges: Gauges) {}

  @Get()
  @ApiCall({
    operationId: 'getMetrics',
    summary: 'Metrics of the process in the text format of Prometheus',
    description:
      'Needs an admin key, unless `METRICS_PUBLIC` is on. `docs/operations.md` describes every series.',
    answer: { content: { 'text/plain': { schema: { type: 'string' } } } },
  })
  async read(@Res() response: Response): Promise<void> {
    response.set(METRICS_HEADERS).send(await this.gauges.text());
  }
}
