import { applyDecorators, Controller, Get, Param, Query, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvQuery, HostsQuery, ImagesQuery } from './requests-query.dto.js';
import type { RequestEntity } from '../database/entities/request.entity.js';
import { NeedsApiKey } from '../http/api-key.guard.js';
import {
  errorExample,
  ErrorResponse,
  HostsResponse,
  ImagePageResponse,
  RequestResponse,
} from './request.dto.js';
import { RequestFiles } from './request-files.js';
import { RequestHosts } from './request-hosts.js';
import { RequestReader } from './request-reader.js';

const ApiInvalidParameter = () =>
  ApiBadRequestResponse({
    type: ErrorResponse,
    description: 'A parameter is not valid',
    example: errorExample('INVALID_PARAMETER', 'limit must not be greater than 1000.'),
  });

const ApiCsv = () =>
  applyDecorators(
    ApiOkResponse({
      content: { 'text/csv': { schema: { type: 'string' } } },
      headers: { 'X-Request-Status': { schema: { type: 'string', example: 'Completed' } } },
    }),
    ApiInvalidParameter(),
  );

/** Everything about a request. */
@ApiTags('requests')
@NeedsApiKey()
@ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
@ApiNotFoundResponse({
  type: ErrorResponse,
  description: 'There is no such request',
  example: errorExample('REQUEST_NOT_FOUND', 'There is no such request.'),
})
@Controller('requests')
export class RequestsController {
  constructor(
    private readonly requests: RequestReader,
    private readonly files: RequestFiles,
    private readonly hosts: RequestHosts,
  ) {}

  @Get(':id')
  @ApiOperation({ summary: 'A request with its counts, progress, bytes and times' })
  @ApiOkResponse({ type: RequestResponse })
  describe(@Param('id') id: string): Promise<RequestResponse> {
    return this.requests.describe(id);
  }

  @Get(':id/images')
  @ApiOperation({ summary: 'Its images, in the order of the file' })
  @ApiOkResponse({ type: ImagePageResponse })
  @ApiInvalidParameter()
  images(
    @Param('id') id: string,
    @Query() { status, limit, cursor }: ImagesQuery,
  ): Promise<ImagePageResponse> {
    return this.requests.images(id, status, limit, Number(cursor ?? 0));
  }

  @Get(':id/hosts')
  @ApiOperation({ summary: 'How the hosts of its images behave' })
  @ApiOkResponse({ type: HostsResponse })
  @ApiInvalidParameter()
  describeHosts(@Param('id') id: string, @Query() { limit }: HostsQuery): Promise<HostsResponse> {
    return this.hosts.describe(id, limit);
  }

  @Get(':id/output.csv')
  @ApiOperation({
    summary: 'The uploaded file with the column Output Image Urls',
    description:
      'Available at any time; `X-Request-Status` tells how complete it is. A failed image leaves its place empty.',
  })
  @ApiCsv()
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
  @ApiOperation({
    summary:
      'What did not become an image: rows that were left out, and images that failed, each with the reason',
  })
  @ApiCsv()
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
