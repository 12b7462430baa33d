import { Controller, Get, Logger, Param, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiCall } from '../../http/description/api-call.js';
import { REQUEST_STATUSES } from '../request.dto.js';
import { RequestReader, shownRequestStatus } from '../request-reader.js';
import { attachment, savedName } from './attachment.js';
import { RequestZips } from './request-zip.js';

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
  private readonly logger = new Logger(DownloadsController.name);

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
    const zip = await this.zips.of(request);
    response.set({
      'Content-Type': 'application/zip',
      'Content-Length': String(zip.bytes),
      'Content-Disposition': attachment(savedName(request, 'images.zip')),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Status': shownRequestStatus(request),
    });
    if (response.req.method === 'HEAD') {
      response.end();
      return;
    }
    try {
      await pipeline(Readable.from(zip.write(), { highWaterMark: 1 }), response);
    } catch (error) {
      // Cut off it can't be taken for whole: its length was announced.
      response.destroy();
      if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return; // the client left
      this.logger.warn(`request ${id}: images.zip was cut off`, error);
    }
  }
}
