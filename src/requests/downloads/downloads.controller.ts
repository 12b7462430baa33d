import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiCall } from '../../http/description/api-call.js';
import { REQUEST_STATUSES } from '../request.dto.js';
import { RequestReader } from '../request-reader.js';
import { RequestZips } from './request-zip.js';
import { sendFile } from './send-file.js';

/** An answer with a ZIP. */
const ZIP_FILE = {
  description: 'A ZIP of the images that are done, stored and not deflated, in the order of the file',
  headers: {
    'X-Request-Status': {
      description: 'The status of the request: the ZIP is complete with `Completed`',
      schema: { type: 'string', enum: [...REQUEST_STATUSES] },
    },
    'Content-Length': { description: 'Known beforehand', schema: { type: 'integer' } },
  },
  content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
};

/** Results of requests, all in one file. */
@ApiTags('requests')
@ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
@Controller('requests/:id')
export class DownloadsController {
  constructor(
    private readonly requests: RequestReader,
    private readonly zips: RequestZips,
  ) {}

  @Get('images.zip')
  @ApiCall({
    operationId: 'getImagesZip',
    summary: 'All results of a request in a ZIP',
    description:
      'Available at any time, with what is done by then. Each file is named by the line and place of its image: ' +
      '`<line>-<position>-` and the file name of `output_url`; renditions are in folders of their names.',
    answer: ZIP_FILE,
    errors: ['REQUEST_NOT_FOUND'],
  })
  async imagesZip(@Param('id') id: string, @Res() response: Response): Promise<void> {
    const request = await this.requests.get(id);
    const { bytes, write } = await this.zips.of(request);
    await sendFile(response, request, {
      ending: 'images.zip',
      type: 'application/zip',
      content: write(),
      bytes,
    });
  }
}
