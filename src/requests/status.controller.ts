import { Controller, Get, Param } from '@nestjs/common';
import { ApiNotFoundResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiCall } from '../http/description/api-call.js';
import { InvalidRequestIdError } from '../http/invalid-request-id.error.js';
import { InvalidRequestIdResponse, StatusResponse } from './request.dto.js';
import { RequestReader } from './request-reader.js';

/** The original system's status call, for clients that know three words. */
@ApiTags('uploads')
@Controller('status')
export class StatusController {
  constructor(private readonly requests: RequestReader) {}

  @Get('*id')
  @ApiCall({
    operationId: 'getRequestStatus',
    summary: 'How far a request is, in one word',
    description: '`Completed` also where images failed.',
    answer: { type: StatusResponse },
  })
  @ApiParam({ name: 'id', type: 'string', format: 'uuid', description: 'The `request_id` of the upload' })
  @ApiNotFoundResponse({
    description: 'There is no request with this id. Without a code, as the original system answered',
    type: InvalidRequestIdResponse,
  })
  async status(@Param('id') id: string | string[]): Promise<StatusResponse> {
    const status = await this.requests.statusOf([id].flat().join('/'));
    if (!status) throw new InvalidRequestIdError();
    return { status };
  }
}
