import { Body, Controller, HttpCode, Post, Res, UploadedFiles, UseInterceptors } from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { ApiCall } from '../http/description/api-call.js';
import { FormBodyInterceptor } from '../http/form-body.interceptor.js';
import { NO_OTHER_FIELDS } from '../http/unknown-fields.pipe.js';
import { PreviewForm, PreviewResponse } from './preview.dto.js';
import { type Preview, PreviewCompressor } from './preview-compressor.js';

/** Shows what options do to an image, before a file is uploaded. */
@ApiTags('uploads')
@Controller('preview')
export class PreviewsController {
  constructor(private readonly compressor: PreviewCompressor) {}

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
      'others wait. `PREVIEW_IMPOSSIBLE` has the error of the image in `details`.',
    answer: { type: PreviewResponse },
    errors: [
      'FILE_MISSING',
      'TOO_MANY_FILES',
      'INVALID_PARAMETER',
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
    @Res({ passthrough: true }) response: Response,
  ): Promise<PreviewResponse> {
    const leaving = new AbortController();
    response.once('close', () => leaving.abort(new Error('Request closed')));
    const source = sourceOf(files, form?.url);
    return toResponse(await this.compressor.compress(source, form ?? {}, leaving.signal));
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

function toResponse({ source, image }: Preview): PreviewResponse {
  const { input, output, outcome, data, contentType, report } = image;
  return {
    before: { content_type: contentTypeOf(input.format), base64: source.toString('base64') },
    after: { content_type: contentType, base64: data.toString('base64') },
    input,
    output,
    outcome,
    saved_percent: Math.round(1000 * (1 - output.bytes / input.bytes)) / 10,
    quality: report.quality,
    similarity: report.similarity,
    milliseconds: report.milliseconds,
    notes: [...report.notes],
  };
}

const contentTypeOf = (format: string): string => `image/${format}`;
