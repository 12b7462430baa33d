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
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { FormBodyInterceptor } from '../http/form-body.interceptor.js';
import { noOtherFields } from '../http/unknown-fields.pipe.js';
import { ApiUpload } from './upload.api.js';
import type { CsvSurvey } from './survey-csv.js';
import { DryRunResponse, UploadForm, UploadQuery, UploadResponse } from './upload.dto.js';
import { withSpooledFile } from './spooled-file.js';
import { type UploadedFile, UploadsService } from './uploads.service.js';
import { webhookUrlsOf } from './webhook-fields.dto.js';

const NO_OTHER_OPTIONS = noOtherFields(
  (name) =>
    `There is no field "${name}" here; there are quality, target, format, max_width, max_height, effort, metadata, ` +
    'on_invalid, dry_run and webhook_url.',
);
const NO_OTHER_PARAMETERS = noOtherFields(
  (name) => `There is no query parameter "${name}" here; the options are fields of the form.`,
);

/** Accepts CSV files of image URLs. The work itself happens in the worker. */
@ApiTags('uploads')
@Controller('upload')
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(FormBodyInterceptor, AnyFilesInterceptor())
  @ApiUpload()
  async create(
    @UploadedFiles() files: Express.Multer.File[] = [],
    @Body(NO_OTHER_OPTIONS) form: UploadForm,
    @Query(NO_OTHER_PARAMETERS) query: UploadQuery,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadResponse | DryRunResponse | void> {
    return withSpooledFile(files, response, async (file) => {
      if (query.dry_run === 'true' || form?.dry_run === 'true') {
        if (request.accepts(['json', 'text/csv']) === 'text/csv') return this.writeCleaned(file, response);
        return toDryRunResponse(await this.uploads.survey(file));
      }
      const id = await this.uploads.accept(file, {
        skipsFaults: form?.on_invalid === 'skip',
        compression: form ?? {},
        idempotencyKey: idempotencyKey || null,
        webhookUrls: webhookUrlsOf(form, query),
      });
      response.location(`/requests/${id}`);
      return { request_id: id };
    });
  }

  private async writeCleaned(file: UploadedFile, response: Response): Promise<void> {
    response.set({ 'Content-Type': 'text/csv; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
    await this.uploads.writeCleaned(file, response);
  }
}

function toDryRunResponse({ distinctUrls, layout, ...survey }: CsvSurvey): DryRunResponse {
  return {
    ...survey,
    distinct_urls: distinctUrls,
    layout: layout && { columns: layout.columns, delimiter: layout.delimiter, encoding: layout.encoding },
  };
}
