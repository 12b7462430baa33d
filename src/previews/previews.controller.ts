import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Res,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { settings, type Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { ApiCall } from '../http/description/api-call.js';
import { FormBodyInterceptor } from '../http/form-body.interceptor.js';
import { Caller, type Principal } from '../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../http/unknown-fields.pipe.js';
import { whileThere } from '../http/while-there.js';
import { judge, type Judgement } from '../requests/channels/channel-check.js';
import { readRenditionFields } from '../uploads/fields/renditions-field.js';
import { PresetsService } from '../uploads/presets/presets.service.js';
import { Pace } from './pace.js';
import { type AtOnceResponse, PreviewForm, PreviewRendition, PreviewResponse } from './preview.dto.js';
import {
  MAX_PREVIEW_BYTES,
  type Preview,
  PreviewCompressor,
  type PreviewForm as Form,
} from './preview-compressor.js';

/** Shows what options do to an image, before a file is uploaded. */
@ApiTags('uploads')
@Controller('preview')
export class PreviewsController {
  constructor(
    private readonly compressor: PreviewCompressor,
    private readonly presets: PresetsService,
    private readonly pace: Pace,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(FormBodyInterceptor, AnyFilesInterceptor())
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: PreviewForm })
  @ApiCall({
    operationId: 'previewImage',
    summary: 'Compress one image and see it before and after',
    description:
      'Nothing is stored. The image, given by its address or as a file part, has at most 12 MB. Two are compressed at once, ' +
      'others wait. With `renditions`, `sizes` or a preset that has some, it comes in these forms, too; with a channel, each says whether it fits, as ' +
      'results of a request do. `PREVIEW_IMPOSSIBLE` has the error of the image in `details`. The times and `at_once` are for estimating ' +
      'how long a whole file will take.',
    answer: { type: PreviewResponse },
    errors: [
      'FILE_MISSING',
      'TOO_MANY_FILES',
      'INVALID_PARAMETER',
      'PRESET_UNKNOWN',
      'UNKNOWN_FIELD',
      'BAD_REQUEST',
      'BODY_TOO_LARGE',
      'PREVIEW_TOO_LARGE',
      'PREVIEW_IMPOSSIBLE',
      'TOO_MANY_PREVIEWS',
    ],
  })
  async create(
    @UploadedFiles() files: Express.Multer.File[] = [],
    @Body(NO_OTHER_FIELDS) form: PreviewForm,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PreviewResponse> {
    const source = sourceOf(files, form?.url);
    const preset = await this.presets.named(caller, form?.preset);
    const renditions = readRenditionFields(form?.renditions, form?.sizes);
    const asked = { preset, compression: form ?? {}, renditions };
    const preview = await whileThere(response, (signal) => this.compressor.compress(source, asked, signal));
    return toResponse(preview, await this.pace.atOnce(), this.settings);
  }
}

/** @throws AppError `FILE_MISSING`, `TOO_MANY_FILES` */
function sourceOf(files: Express.Multer.File[], url: string | undefined): Buffer | string {
  if (files.length + (url === undefined ? 0 : 1) > 1) throw new AppError('TOO_MANY_FILES');
  if (url !== undefined) return url;
  if (files.length === 0)
    throw new AppError(
      'FILE_MISSING',
      'Send the address of an image in the field "url", or an image as a file part.',
    );
  return files[0].buffer;
}

function toResponse(
  { source, fetchMs, forms: [form, ...others] }: Preview,
  atOnce: AtOnceResponse | null,
  values: Settings,
): PreviewResponse {
  const { input, output, outcome, report } = form.image;
  return {
    before: { content_type: contentTypeOf(input.format), base64: source.toString('base64') },
    after: pictureOf(form),
    input,
    output,
    outcome,
    saved_percent: Math.round(1000 * (1 - output.bytes / input.bytes)) / 10,
    quality: report.quality,
    similarity: report.similarity,
    milliseconds: report.milliseconds,
    fetch_milliseconds: fetchMs,
    at_once: atOnce,
    notes: [...report.notes],
    ...judgementOf(form, values),
    renditions: toRenditions(others, values),
  };
}

/** With the pictures of the first of them, as far as the answer has room. */
function toRenditions(forms: Form[], values: Settings): PreviewRendition[] {
  let left = MAX_PREVIEW_BYTES;
  return forms.map((form) => {
    const { data, output, report } = form.image;
    left -= data.length;
    return {
      name: form.name,
      after: left >= 0 ? pictureOf(form) : null,
      output,
      quality: report.quality,
      milliseconds: report.milliseconds,
      notes: [...report.notes],
      ...judgementOf(form, values),
    };
  });
}

function pictureOf({ image: { contentType, data } }: Form): PreviewResponse['after'] {
  return { content_type: contentType, base64: data.toString('base64') };
}

/** By an address as results have them. */
function judgementOf({ channel, image }: Form, { S3_PUBLIC_URL, publicUrl }: Settings): Judgement {
  const { output, report } = image;
  const address = `${S3_PUBLIC_URL ?? publicUrl}/images/${'0'.repeat(32)}/image.${output.format}`;
  const facts = { ...output, quality: report.quality, notes: report.notes.join(',') || null };
  return judge(channel, facts, address);
}

const contentTypeOf = (format: string): string => `image/${format}`;
