import { Controller, Get, Headers, Param, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Public } from '../http/api-key.guard.js';
import { AppError } from '../errors/app-error.js';
import { ApiCall } from '../http/description/api-call.js';
import { FileStorage } from '../storage/file-storage.js';
import { contentTypeOfFile } from '../compression/formats/image-format.js';
import { readOutputKey } from './output-key.js';

/** Serves the compressed files of the local storage. */
@Public()
@ApiTags('images')
@Controller('images')
export class ImagesController {
  constructor(private readonly storage: FileStorage) {}

  @Get(':request/:file')
  @ApiCall({
    operationId: 'getImage',
    summary: 'A compressed image',
    answer: { content: { 'image/*': { schema: { type: 'string', format: 'binary' } } } },
    errors: ['IMAGE_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
  })
  async file(
    @Param('request') request: string,
    @Param('file') file: string,
    @Headers('if-none-match') known: string | undefined,
    @Req() { method }: Request,
    @Res() response: Response,
  ): Promise<void> {
    const key = `${request}/${file}`;
    const output = readOutputKey(key);
    const bytes = output && (await this.storage.size(key));
    if (!output || bytes === null) throw new AppError('IMAGE_NOT_FOUND');

    const etag = `"${output.imageNumber}-${output.digest}"`;
    response.set({
      'Content-Type': contentTypeOfFile(file),
      'Cache-Control': 'public, max-age=31536000, immutable',
      ETag: etag,
      'Access-Control-Allow-Origin': '*',
    });
    if (isKnown(etag, known)) {
      response.status(304).end();
      return;
    }
    response.set('Content-Length', String(bytes));
    if (method === 'HEAD') {
      response.end();
      return;
    }
    const stored = await this.storage.open(key);
    if (!stored) throw new AppError('IMAGE_NOT_FOUND'); // it was removed a moment ago
    await pipeline(stored.content, response).catch(() => response.destroy()); // the client went away
  }
}

/**
 * Whether `If-None-Match` names the file. Not Express' `request.fresh`: that says no where there is `Cache-Control:
 * no-cache`, which `fetch` adds to every call with such a header, and the file of a URL never changes here.
 */
function isKnown(etag: string, known = ''): boolean {
  return known.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}
