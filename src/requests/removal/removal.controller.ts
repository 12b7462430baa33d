import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { AppError } from '../../errors/app-error.js';
import { ApiCall } from '../../http/description/api-call.js';
import { RequestReader } from '../request-reader.js';
import { RequestRemoval } from './request-removal.js';

/** The deletion of requests. */
@ApiTags('requests')
@Controller('requests')
export class RemovalController {
  constructor(
    private readonly requests: RequestReader,
    private readonly removal: RequestRemoval,
  ) {}

  @Delete(':id')
  @HttpCode(204)
  @ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
  @ApiCall({
    operationId: 'deleteRequest',
    summary: 'Delete a request in whatever state it is',
    description:
      'From then on there is no such request. Its file, its images, its events and deliveries that are under way go as well; images ' +
      'that no other request has are deleted within some hours. Where pages link to them, pictures are missing then.',
    answer: { status: 204 },
    errors: ['REQUEST_NOT_FOUND'],
  })
  async delete(@Param('id') id: string): Promise<void> {
    const { key } = await this.requests.get(id);
    if (!(await this.removal.delete(key))) throw new AppError('REQUEST_NOT_FOUND');
  }
}
