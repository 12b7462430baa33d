import {
  Body,
  Controller,
  Headers,
  HttpCode,
  Post,
  Query,
  Req,
  Res,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiConflictResponse,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPayloadTooLargeResponse,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { NeedsApiKey } from '../api-key.guard.js';
import { BadRequestError } from '../errors.js';
import { errorExample, ErrorResponse } from '../requests/request.dto.js';
import type { CsvSurvey } from './survey-csv.js';
import { DryRunResponse, UploadForm, UploadQuery, UploadResponse } from './upload.dto.js';
import { type SpooledFile, UploadsService } from './uploads.service.js';

/** Accepts CSV files of image URLs. The work itself happens in the worker. */
@ApiTags('uploads')
@NeedsApiKey()
@Controller('upload')
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(AnyFilesInterceptor())
  @ApiOperation({
    summary: 'Upload a CSV file',
    description:
      'The file part may have any name. `Location` leads to the request. Where anything is wrong, nothing is stored.\n\n' +
      'With `dry_run=true` nothing is stored or fetched: the answer says what is in the file, or with ' +
      '`Accept: text/csv` is the file as it would be read.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: UploadForm })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Any text of yours up to 255 characters: a repeated upload with it gets the first request again',
  })
  @ApiProduces('application/json', 'text/csv')
  @ApiExtraModels(UploadResponse, DryRunResponse)
  @ApiOkResponse({
    schema: { oneOf: [UploadResponse, DryRunResponse].map((model) => ({ $ref: getSchemaPath(model) })) },
    headers: { Location: { schema: { example: '/requests/<request_id>' } } },
  })
  @ApiBadRequestResponse({
    type: ErrorResponse,
    description:
      'No file, no CSV, or faults in it: one entry in `details` for each, the first hundred of them',
    example: {
      error: 'The file has 1 fault.',
      code: 'CSV_INVALID',
      details: [
        {
          line: 3,
          column: 'Input Image Urls',
          value: 'www.example.com/2.jpg',
          code: 'URL_INVALID',
          hint: 'Write the whole address, beginning with http:// or https://.',
        },
      ],
    },
  })
  @ApiConflictResponse({
    type: ErrorResponse,
    description: 'The `Idempotency-Key` was used for another upload',
    example: errorExample('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another upload.'),
  })
  @ApiPayloadTooLargeResponse({
    type: ErrorResponse,
    description: 'The file is larger than `MAX_UPLOAD_BYTES`',
    example: errorExample('BODY_TOO_LARGE', 'The file is larger than this service takes.'),
  })
  async create(
    @UploadedFiles() files: Express.Multer.File[] = [],
    @Body() form: UploadForm,
    @Query() query: UploadQuery,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadResponse | DryRunResponse | void> {
    if (query.dry_run === 'true') {
      if (request.accepts(['json', 'text/csv']) === 'text/csv') return this.writeCleaned(files, response);
      return toDryRunResponse(await this.uploads.survey(files));
    }
    const id = await this.uploads.accept(files, {
      skipsFaults: form?.on_invalid === 'skip',
      idempotencyKey: checkedKey(idempotencyKey),
    });
    response.location(`/requests/${id}`);
    return { request_id: id };
  }

  private async writeCleaned(files: SpooledFile[], response: Response): Promise<void> {
    response.set({ 'Content-Type': 'text/csv; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
    await this.uploads.writeCleaned(files, response);
  }
}

function checkedKey(key: string | undefined): string | null {
  if (key === undefined || key === '') return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new BadRequestError(
      'IDEMPOTENCY_KEY_INVALID',
      'An Idempotency-Key has at most 255 printable ASCII characters.',
    );
  }
  return key;
}

function toDryRunResponse({ distinctUrls, layout, ...survey }: CsvSurvey): DryRunResponse {
  return {
    ...survey,
    distinct_urls: distinctUrls,
    layout: layout && { columns: layout.columns, delimiter: layout.delimiter, encoding: layout.encoding },
  };
}
