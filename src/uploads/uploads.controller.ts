import { Controller, HttpCode, Post, Res, UploadedFiles, UseInterceptors } from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiPayloadTooLargeResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { NeedsApiKey } from '../api-key.guard.js';
import { ErrorResponse } from '../requests/request.dto.js';
import { UploadForm, UploadResponse } from './upload.dto.js';
import { UploadsService } from './uploads.service.js';

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
      'The file part may have any name. `Location` leads to the request. Where anything is wrong, nothing is stored.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: UploadForm })
  @ApiOkResponse({
    type: UploadResponse,
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
  @ApiPayloadTooLargeResponse({
    type: ErrorResponse,
    description: 'The file is larger than `MAX_UPLOAD_BYTES`',
  })
  async create(
    @UploadedFiles() files: Express.Multer.File[] | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadResponse> {
    const id = await this.uploads.accept(files ?? []);
    response.location(`/requests/${id}`);
    return { request_id: id };
  }
}
