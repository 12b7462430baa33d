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
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { onDisk } from '../files/on-disk.js';
import { FormBodyInterceptor } from '../http/form-body.interceptor.js';
import { Waiting } from '../requests/live/waiting.js';
import { Caller, ForTokens, type Principal } from '../http/guards/principal.js';
import { noOtherFields } from '../http/unknown-fields.pipe.js';
import { wantedColumns } from './columns/column-fields.dto.js';
import { WORKBOOK_TYPE } from './bodies/csv-body.js';
import { CsvBodyInterceptor } from './bodies/csv-body.interceptor.js';
import { readImageHeaders } from './fields/image-headers-field.js';
import { readRenditionFields } from './fields/renditions-field.js';
import { readKeepSources } from './fields/keep-sources-field.js';
import { readLabels } from './fields/labels-field.js';
import type { FileProfileResponse } from './columns/profile.dto.js';
import { readListedParts, readPatches } from './mending/mending-fields.dto.js';
import { patchFile } from './mending/patch-file.js';
import { ApiUpload } from './upload.api.js';
import {
  type ColumnRole,
  type CsvLayout,
  profileOf,
  type WantedColumns,
  withoutLeftOut,
} from '../tables/tables.js';
import type { CsvSurvey } from './survey-csv.js';
import { DryRunResponse, UploadForm, UploadQuery, UploadResponse } from './upload.dto.js';
import { PresetsService } from './presets/presets.service.js';
import { keepWithin } from './tokens/token-bounds.js';
import { withSpooledFile } from './spooled-file.js';
import { type UploadedFile, UploadsService } from './uploads.service.js';
import { webhookUrlsOf } from './webhook-fields.dto.js';
import { FreeSpaceGuard } from '../stored-files/free-space.guard.js';

const NO_OTHER_OPTIONS = noOtherFields(
  (name) =>
    `There is no field "${name}" here; there are quality, target, format, max_width, max_height, effort, metadata, ` +
    'preset, for, canvas, background, trim, fill, enlarge, renditions, sizes, measure, name, labels, on_invalid, fresh, keep_sources, headers, dry_run, sheet, image_columns, name_column, profile, image_name, patches, ' +
    'lines, faults_limit and webhook_url.',
);
const NO_OTHER_PARAMETERS = noOtherFields(
  (name) =>
    `There is no query parameter "${name}" here; the options are fields of the form (or parameters of the query, where the body is the file itself).`,
);

/** Accepts CSV files and workbooks of image URLs. The work itself happens in the worker. */
@ApiTags('uploads')
@Controller('upload')
export class UploadsController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly presets: PresetsService,
    private readonly waiting: Waiting,
  ) {}

  @Post()
  @ForTokens()
  @HttpCode(200)
  @UseGuards(FreeSpaceGuard)
  @UseInterceptors(CsvBodyInterceptor, FormBodyInterceptor, AnyFilesInterceptor())
  @ApiUpload()
  async create(
    @UploadedFiles() files: Express.Multer.File[] = [],
    @Body(NO_OTHER_OPTIONS) form: UploadForm,
    @Query(NO_OTHER_PARAMETERS) query: UploadQuery,
    @Caller() caller: Principal,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadResponse | DryRunResponse | void> {
    const waitMs = this.waiting.timeOf(prefer);
    const answer = await withSpooledFile(files, response, async (file) => {
      const webhookUrls = webhookUrlsOf(form, query);
      await keepWithin(caller.token, file, form, webhookUrls);
      const imageHeaders = readImageHeaders(form?.headers);
      const labels = readLabels(form?.labels);
      const keepSourcesDays = readKeepSources(form?.keep_sources, caller.token);
      const renditions = readRenditionFields(form?.renditions, form?.sizes);
      const compression = { ...form, ...caller.token?.options };
      const preset = await this.presets.named(caller, compression.preset);
      const pictures = { preset, compression, renditions };
      const columns = wantedColumns(form);
      const patches = readPatches(form?.patches);
      const listed = readListedParts(form ?? {});
      const patched = await patchFile(file, columns, patches);
      if (query.dry_run === 'true' || form?.dry_run === 'true') {
        // What the upload would refuse.
        this.uploads.checkForms(pictures);
        this.uploads.checkWebhook(webhookUrls);
        const wanted = request.accepts(['json', 'text/csv', WORKBOOK_TYPE]);
        if (patched && wanted === typeOf(patched)) return sendFile(file, patched, response);
        if (wanted === 'text/csv') return this.writeCleaned(file, columns, response);
        return toDryRunResponse(await this.uploads.survey(file, columns, listed));
      }
      const upload = { ...file, leftOut: patched?.source?.leftOut };
      const { id, isReplayed } = await this.uploads.accept(upload, {
        caller,
        skipsFaults: form?.on_invalid === 'skip',
        ...pictures,
        isFresh: form?.fresh === 'true',
        keepSourcesDays,
        name: form?.name ?? null,
        labels,
        columns,
        imageHeaders,
        idempotencyKey: idempotencyKey || null,
        webhookUrls,
      });
      response.location(`/requests/${id}`);
      if (isReplayed) response.set('Idempotent-Replayed', 'true');
      return { request_id: id };
    });
    // It was accepted: whatever happens while it waits, a client must not take it for refused, and send it again.
    if (answer && 'request_id' in answer)
      await this.waiting.wait(answer.request_id, waitMs, response).catch(() => undefined);
    return answer;
  }

  private async writeCleaned(file: UploadedFile, columns: WantedColumns, response: Response): Promise<void> {
    setFileHeaders(response, 'text/csv; charset=utf-8');
    await this.uploads.writeCleaned(file, columns, response);
  }
}

async function sendFile(
  { path, signal }: UploadedFile,
  layout: CsvLayout,
  response: Response,
): Promise<void> {
  const charset = layout.sheet === undefined ? `; charset=${layout.encoding}` : '';
  setFileHeaders(response, typeOf(layout) + charset);
  const content = createReadStream(path);
  if (!layout.source?.leftOut) return onDisk(() => pipeline(content, response, { signal }));
  const rows = withoutLeftOut(content as AsyncIterable<Buffer>, layout);
  await onDisk(() => pipeline(Readable.from(rows), response, { signal }));
}

function typeOf({ sheet }: CsvLayout): string {
  return sheet === undefined ? 'text/csv' : WORKBOOK_TYPE;
}

function setFileHeaders(response: Response, type: string): void {
  response.set({ 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' });
}

/** What kind of file it is, in words. */
function describeProfile({ layout, rows }: CsvSurvey): FileProfileResponse | null {
  if (!layout) return null;
  const { id, title } = profileOf(layout.profile);
  const named = (role: ColumnRole) =>
    layout.columns
      .slice(layout.source?.addedColumns)
      .filter((column) => column.role === role)
      .map(({ name }) => name);
  const images = named('input');
  const summary = `${title}: ${count(rows, 'row')}, ${count(images.length, 'column')} of images`;
  return { id, title, summary, image_columns: images, name_column: named('product')[0] ?? null };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function toDryRunResponse(survey: CsvSurvey): DryRunResponse {
  const { distinctUrls, rowsWithoutImages, linesWithoutImages, sampleUrls, imageNames, ...listings } = survey;
  const { layout, columns, lines, ...others } = listings;
  return {
    ...others,
    rows_without_images: rowsWithoutImages,
    distinct_urls: distinctUrls,
    sample_urls: sampleUrls,
    image_names: imageNames,
    lines_without_images: linesWithoutImages,
    profile: describeProfile(survey),
    layout: layout && {
      ...{ columns: layout.columns, delimiter: layout.delimiter, encoding: layout.encoding },
      sheet: layout.sheet ?? null,
    },
    columns,
    lines,
  };
}
