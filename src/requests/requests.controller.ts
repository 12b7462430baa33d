import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { RequestEntity } from '../database/entities/request.entity.js';
import { AppError } from '../errors/app-error.js';
import { ApiCall } from '../http/description/api-call.js';
import { Caller, type Principal } from '../http/guards/principal.js';
import { NO_OTHER_PARAMETERS } from '../http/unknown-fields.pipe.js';
import { RequestWorkbooks } from './downloads/request-workbook.js';
import { sendFile } from './downloads/send-file.js';
import {
  HostsResponse,
  ImagePageResponse,
  REQUEST_STATUSES,
  RequestPageResponse,
  RequestResponse,
} from './request.dto.js';
import { PreferWait } from './live/prefer-wait.js';
import { Waiting } from './live/waiting.js';
import { layoutOf, usualUrls } from './downloads/request-layout.js';
import { type Replacement, RequestFiles } from './request-files.js';
import { RequestHosts } from './request-hosts.js';
import { RequestList } from './listing/request-list.js';
import { RequestReader } from './request-reader.js';
import {
  CsvQuery,
  HostsQuery,
  ImagesQuery,
  OutputQuery,
  RequestsQuery,
  WorkbookQuery,
} from './listing/requests-query.dto.js';

/** An answer with a CSV file. */
const CSV_FILE = {
  description:
    'A CSV file, written as the uploaded one: the same delimiter and line ends, in UTF-8, or with `urls=replaced` in its own encoding',
  headers: {
    'X-Request-Status': {
      description: 'The status of the request: the file is complete with `Completed`',
      schema: { type: 'string', enum: [...REQUEST_STATUSES] },
    },
  },
  content: { 'text/csv': { schema: { type: 'string' } } },
};

const WORKBOOK_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** An answer with a workbook. */
const WORKBOOK = {
  description: 'An Excel workbook',
  headers: CSV_FILE.headers,
  content: { [WORKBOOK_TYPE]: { schema: { type: 'string', format: 'binary' } } },
};

/** The parameter `id` of a call. */
const OfRequest = ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' });

/** Everything about requests. */
@ApiTags('requests')
@Controller('requests')
export class RequestsController {
  constructor(
    private readonly requests: RequestReader,
    private readonly files: RequestFiles,
    private readonly workbooks: RequestWorkbooks,
    private readonly hosts: RequestHosts,
    private readonly list: RequestList,
    private readonly waiting: Waiting,
  ) {}

  @Get()
  @ApiCall({
    operationId: 'listRequests',
    summary: 'The requests, newest first',
    answer: { type: RequestPageResponse },
    errors: ['INVALID_PARAMETER', 'UNKNOWN_FIELD'],
  })
  listRequests(
    @Query(NO_OTHER_PARAMETERS) query: RequestsQuery,
    @Caller() caller: Principal,
  ): Promise<RequestPageResponse> {
    return this.list.page(query, caller);
  }

  @Get(':id')
  @OfRequest
  @ApiCall({
    operationId: 'getRequest',
    summary: 'A request with its counts, progress, bytes and times',
    answer: { type: RequestResponse },
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  @PreferWait
  async describe(
    @Param('id') id: string,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RequestResponse> {
    await this.waiting.wait(id, this.waiting.timeOf(prefer), response);
    return this.requests.describe(id);
  }

  @Get(':id/images')
  @OfRequest
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
  @OfRequest
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
  @OfRequest
  @ApiCall({
    operationId: 'getOutputCsv',
    summary: 'The uploaded file with the results in a column of their own, or in the places of the URLs',
    description:
      'Available at any time. With `urls=added` a failed image leaves its place empty, with `urls=replaced` its URL stays: ' +
      '`failed` says otherwise. `urls=replaced` changes nothing but URLs: not the encoding, line ends, quotes or other cells. ' +
      '`urls=source` is the uploaded file, to be used again: what was corrected in a retry is corrected in it.',
    answer: CSV_FILE,
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND', 'UPLOAD_NOT_KEPT', 'STORAGE_UNAVAILABLE'],
  })
  async outputCsv(
    @Param('id') id: string,
    @Query() { safe, urls, failed, srcset }: OutputQuery,
    @Res() response: Response,
  ): Promise<void> {
    const request = await this.requests.get(id);
    const layout = layoutOf(request);
    const written = urls ?? (safe ? 'added' : usualUrls(layout));
    const ending = endingOf(urls, '.csv');
    if (written !== 'added') {
      if (safe)
        throw new AppError('INVALID_PARAMETER', 'safe=spreadsheet is for urls=added: it changes cells');
      const by = replacementBy(written, failed);
      const isWorkbook = layout.sheet !== undefined;
      const content = isWorkbook
        ? await this.workbooks.replacedCsv(request, by)
        : this.files.replacedCsv(request, by);
      await sendCsv(response, request, ending, content, layout.encoding);
      return;
    }
    const options = {
      ...({ safe: safe === 'spreadsheet', failed: failed ?? 'empty' } as const),
      withSrcset: srcset === 'true',
    };
    await sendCsv(response, request, ending, this.files.outputCsv(request, options));
  }

  @Get(':id/renditions.csv')
  @OfRequest
  @ApiCall({
    operationId: 'getRenditionsCsv',
    summary: 'Every file that was made of the images of a request, with its size, bytes and format',
    description: 'Available at any time. A row a file: the image itself is the rendition `image`.',
    answer: CSV_FILE,
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  async renditionsCsv(
    @Param('id') id: string,
    @Query() { safe }: CsvQuery,
    @Res() response: Response,
  ): Promise<void> {
    const request = await this.requests.get(id);
    const rows = this.files.renditionsCsv(request, { safe: safe === 'spreadsheet' });
    await sendCsv(response, request, 'renditions.csv', rows);
  }

  @Get(':id/output.xlsx')
  @OfRequest
  @ApiCall({
    operationId: 'getOutputXlsx',
    summary: 'The uploaded workbook with the results in a column of their own, or in the places of the URLs',
    description:
      'Available at any time, for requests that were made of a workbook. `urls` and `failed` are those of `output.csv`. Nothing but the cells of ' +
      'results, and links that were replaced, is other than in the workbook that was uploaded.',
    answer: WORKBOOK,
    errors: [
      ...(['INVALID_PARAMETER', 'REQUEST_NOT_FOUND', 'NOT_A_WORKBOOK'] as const),
      ...(['UPLOAD_NOT_KEPT', 'STORAGE_UNAVAILABLE'] as const),
    ],
  })
  async outputXlsx(
    @Param('id') id: string,
    @Query() { urls: given, failed }: WorkbookQuery,
    @Res() response: Response,
  ): Promise<void> {
    const request = await this.requests.get(id);
    const ending = endingOf(given, this.workbooks.extensionOf(request));
    const urls = given ?? usualUrls(layoutOf(request));
    const content =
      urls === 'added'
        ? await this.workbooks.withOutputs(request, failed ?? 'empty')
        : await this.workbooks.replaced(request, replacementBy(urls, failed));
    await sendFile(response, request, { ending, type: WORKBOOK_TYPE, content });
  }

  @Get(':id/errors.csv')
  @OfRequest
  @ApiCall({
    operationId: 'getErrorsCsv',
    summary:
      'Rows that were left out and images that failed or were cancelled, each with its line, code and reason',
    description:
      'Available at any time. The last column, `What To Do`, says in plain words what whoever has the file can do.',
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
    await sendCsv(response, request, 'errors.csv', rows);
  }
}

function replacementBy(urls: 'replaced' | 'source', failed: WorkbookQuery['failed']): Replacement {
  return urls === 'source' ? { by: 'sources' } : { by: 'results', failed: failed ?? 'source' };
}

/** Behind the name of the request: forms that are asked for by name can be saved side by side. */
function endingOf(urls: WorkbookQuery['urls'], extension: string): string {
  if (urls === 'source') return `source${extension}`;
  return urls ? `output-${urls}${extension}` : `output${extension}`;
}

async function sendCsv(
  response: Response,
  request: RequestEntity,
  ending: string,
  content: AsyncGenerator<string | Buffer>,
  encoding = 'utf-8',
): Promise<void> {
  await sendFile(response, request, { ending, type: `text/csv; charset=${encoding}`, content });
}
