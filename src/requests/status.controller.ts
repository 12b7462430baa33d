import { Controller, Get, Param } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { NeedsApiKey } from '../http/api-key.guard.js';
import { InvalidRequestIdError } from '../http/invalid-request-id.error.js';
import { StatusResponse } from './request.dto.js';
import { RequestReader } from './request-reader.js';

/** The original system's status call, for clients that know three words. */
@ApiTags('uploads')
@NeedsApiKey()
@Controller('status')
export class StatusController {
  constructor(private readonly requests: RequestReader) {}

  @Get('*id')
  @ApiOperation({ summary: 'How far a request is', description: '`Completed` also where images failed.' })
  @ApiParam({ name: 'id', type: 'string', format: 'uuid', description: 'The `request_id` of the upload' })
  @ApiOkResponse({ type: StatusResponse })
  @ApiNotFoundResponse({
    description: 'Whatever is no id of a request',
    schema: { example: { error: 'Invalid request ID' } },
  })
  async status(@Param('id') id: string | string[]): Promise<StatusResponse> {
    const request = await this.requests.find([id].flat().join('/'));
    if (!request) throw new InvalidRequestIdError();
    return { status: request.status };
  }
}
