import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Public } from '../http/api-key.guard.js';
import { AppError } from '../errors/app-error.js';
import { errorExample, ErrorResponse } from '../requests/request.dto.js';
import { FileStorage } from '../storage/file-storage.js';
import { contentTypeOfFile } from '../compression/formats/image-format.js';

const FOLDER = /^[0-9a-f-]{36}$/;
const FILE = /^\d+-[0-9a-f]{16}\.[a-z]{3,4}$/;

/** Serves the compressed files of the local storage. */
@Public()
@ApiTags('images')
@Controller('images')
export class ImagesController {
  constructor(private readonly storage: FileStorage) {}

  @Get(':request/:file')
  @ApiOperation({ summary: 'A compressed image' })
  @ApiOkResponse({ content: { 'image/*': { schema: { type: 'string', format: 'binary' } } } })
  @ApiNotFoundResponse({
    type: ErrorResponse,
    example: errorExample('IMAGE_NOT_FOUND', 'There is no such image.'),
  })
  async file(
    @Param('request') request: string,
    @Param('file') file: string,
    @Headers('if-none-match') known: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const stored =
      FOLDER.test(request) && FILE.test(file) ? await this.storage.open(`${request}/${file}`) : null;
    if (!stored) throw new AppError('IMAGE_NOT_FOUND');

    const etag = `"${file.split('.')[0]}"`; // the name holds a hash of the content
    response.set({
      'Content-Type': contentTypeOfFile(file),
      'Cache-Control': 'public, max-age=31536000, immutable',
      ETag: etag,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Access-Control-Allow-Origin': '*',
    });
    if (known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')) {
      stored.content.destroy();
      response.status(304).end();
      return;
    }
    response.set('Content-Length', String(stored.bytes));
    await pipeline(stored.content, response).catch(() => response.destroy()); // the client went away
  }
}
