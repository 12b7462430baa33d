import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestEntity } from '../database/entities/request.entity.js';
import { ApiCall } from '../http/description/api-call.js';
import { HostsResponse, ImagePageResponse, REQUEST_STATUSES, RequestResponse } from './request.dto.js';
import { RequestFiles } from './request-files.js';
import { RequestHosts } from './request-hosts.js';
import { RequestReader } from './request-reader.js';
import { CsvQuery, HostsQuery, ImagesQuery } from './requests-query.dto.js';

/** An answer with a CSV file. */
const CSV_FILE = {
  description: 'A CSV file, written as the uploaded one: the same delimiter and line ends, in UTF-8',
  headers: {
    'X-Request-Status': {
      description: 'The status of the request: the file is complete with `Completed`',
      schema: { type: 'string', enum: [...REQUEST_STATUSES] },
    },
  },
  content: { 'text/csv': { schema: { type: 'string' } } },
};

/** Everything about a request. */
@ApiTags('requests')
@ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
@Controller('requests')
export class RequestsController {
  constructor(
    private readonly requests: RequestReader,
    private readonly files: RequestFiles,
    private readonly hosts: RequestHosts,
  ) {}

  @Get(':id')
  @ApiCall({
    operationId: 'getRequest',
    summary: 'A request with its counts, progress, bytes and times',
    answer: { type: RequestResponse },
    errors: ['REQUEST_NOT_FOUND'],
  })
  describe(@Param('id') id: string): Promise<RequestResponse> {
    return this.requests.describe(id);
  }

  @Get(':id/images')
  @ApiCall({
    operationId: 'listRequestImages',
    summary: 'The images of a request, in the order of the file',
    answer: { type: ImagePageResponse },
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  images(
    @Param('id') id: string,
    @Query() { status, limit, cursor }: ImagesQuery,
  ): Promise<ImagePageResponse> {
    return this.requests.images(id, status, limit, Number(cursor ?? 0));
  }

  @Get(':id/hosts')
  @ApiCall({
    operationId: 'listRequestHosts',
    summary: 'How the hosts of the images of a request behave',
    answer: { type: HostsResponse },
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  describeHosts(@Param('id') id: string, @Query() { limit }: HostsQuery): Promise<HostsResponse> {
    return this.hosts.describe(id, limit);
  }

  @Get(':id/output.csv')
  @ApiCall({
    operationId: 'getOutputCsv',
    summary: 'The uploaded file with the column Output Image Urls',
    description: 'Available at any time. A failed image leaves its place empty.',
    answer: CSV_FILE,
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  async outputCsv(
    @Param('id') id: string,
    @Query() { safe }: CsvQuery,
    @Res() response: Response,
  ): Promise<void> {
    const request = await this.requests.get(id);
    const rows = this.files.outputCsv(request, { safe: safe === 'spreadsheet' });
    await sendCsv(response, request, request.fileName, rows);
  }

  @Get(':id/errors.csv')
  @ApiCall({
    operationId: 'getErrorsCsv',
    summary: 'Rows that were left out and images that failed, each with its line, code and reason',
    description: 'Available at any time.',
    answer: CSV_FILE,
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  async errorsCsv(
    @Param('id') id: string,
    @Query() { safe }: CsvQuery,
    @Res() response: Response,
  ): Promise<void> {
    const request = await this.requests.get(id);
    const rows = this.files.errorsCsv(request, { safe: safe === 'spreadsheet' });
    await sendCsv(response, request, `errors-${request.fileName}`, rows);
  }
}

async function sendCsv(
  response: Response,
  { status }: RequestEntity,
  fileName: string,
  text: AsyncGenerator<string>,
): Promise<void> {
  response.attachment(fileName);
  response.set({
    'Content-Type': 'text/csv; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Status': status,
  });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.from(text, { highWaterMark: 2 }), response);
  } catch (error) {
    // Once the answer has begun it can't become an error: cut off, it at least can't be taken for whole.
    response.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
