import { Body, Controller, Headers, Param, Post, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { codesAt } from '../../errors/error-codes.js';
import { ApiCall, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { Caller, type Principal } from '../../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import { whileThere } from '../../http/while-there.js';
import { RequestResponse } from '../../requests/request.dto.js';
import { RequestReader } from '../../requests/request-reader.js';
import { FreeSpaceGuard } from '../../stored-files/free-space.guard.js';
import { RerunBody } from './rerun.dto.js';
import { Reruns } from './reruns.js';

/** New requests of files that were uploaded before. */
@ApiTags('requests')
@Controller('requests')
export class RerunController {
  constructor(
    private readonly requests: RequestReader,
    private readonly reruns: Reruns,
  ) {}

  @Post(':id/rerun')
  @UseGuards(FreeSpaceGuard, JsonBodyGuard)
  @ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'As for an upload' })
  @ApiBody({ type: RerunBody, required: false })
  @ApiCall({
    operationId: 'rerunRequest',
    summary: 'Work on the file of a request once more, as a new request',
    description:
      'With other options of images, another `name`, `labels` or `image_name`; what is left out is the same. The file is read as it was ' +
      'uploaded: an address that a retry gave is not in it. The earlier request stays as it is. `Location` leads to the new one.',
    answer: { status: 201, type: RequestResponse },
    errors: [
      ...(['REQUEST_NOT_FOUND', 'UPLOAD_NOT_KEPT', 'FREE_SPACE_LOW', 'STORAGE_UNAVAILABLE'] as const),
      ...(['IMAGE_NAME_INVALID', 'IMAGE_NAME_NOT_POSSIBLE', 'PRESET_UNKNOWN', ...codesAt('file')] as const),
      ...(['CSV_INVALID', 'WEBHOOK_URL_INVALID', 'WEBHOOK_URL_REFUSED'] as const),
      ...(['IDEMPOTENCY_KEY_INVALID', 'IDEMPOTENCY_KEY_REUSED'] as const),
      ...JSON_BODY_ERRORS,
    ],
  })
  async rerun(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) response: Response,
    @Body(NO_OTHER_FIELDS) body?: RerunBody,
  ): Promise<RequestResponse> {
    const accepted = await whileThere(response, (signal) =>
      this.reruns.run(id, caller, body ?? new RerunBody(), idempotencyKey || null, signal),
    );
    response.location(`/requests/${accepted.id}`);
    if (accepted.isReplayed) response.set('Idempotent-Replayed', 'true');
    return this.requests.describe(accepted.id);
  }
}
