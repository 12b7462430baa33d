import { Controller, Get, Headers, Param, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Public } from '../http/guards/api-key.guard.js';
import { AppError } from '../errors/app-error.js';
import { ApiCall } from '../http/description/api-call.js';
import { FileStorage } from '../storage/file-storage.js';
import { Files, type KnownFile } from '../stored-files/files.js';
import { storedKeyOf, tagOfOutput } from './output-key.js';
import { rangeOf } from './requested-range.js';

/** For how long a client may remember where it was sent; the address there holds longer. */
const REDIRECT_KNOWN_SECONDS = 1200;

/** Serves the compressed files. Their addresses stand in shops, so they never change or expire. They lead elsewhere with `S3_REDIRECTS` only. */
@Public()
@ApiTags('images')
@Controller('images')
export class ImagesController {
  constructor(
    private readonly files: Files,
    private readonly storage: FileStorage,
  ) {}

  @Get(':folder/:file')
  @ApiCall({
    operationId: 'getImage',
    summary: 'A compressed image, or a part of it (`Range`)',
    answer: { content: { 'image/*': { schema: { type: 'string', format: 'binary' } } } },
    errors: ['IMAGE_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
  })
  async file(
    @Param('folder') folder: string,
    @Param('file') name: string,
    @Headers('if-none-match') known: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const asked = `${folder}/${name}`;
    const tag = tagOfOutput(asked);
    const key = storedKeyOf(asked);
    const file = tag && (await this.files.find(key, 'output'));
    if (!file) throw new AppError('IMAGE_NOT_FOUND');

    const etag = `"${tag}"`;
    response.set({
      'Content-Type': file.contentType,
      'Cache-Control': 'public, max-age=31536000, immutable',
      ETag: etag,
      'Accept-Ranges': 'bytes',
      'Access-Control-Allow-Origin': '*',
    });
    if (isKnown(etag, known)) {
      response.status(304).end();
      return;
    }
    const elsewhere = request.method === 'GET' ? await this.storage.temporaryUrlOf(key) : null;
    if (elsewhere) {
      response.set('Cache-Control', `private, max-age=${REDIRECT_KNOWN_SECONDS}`).redirect(302, elsewhere);
      return;
    }
    await this.send(file, request, response, etag);
  }

  /** The row alone says how long it is: only what is really sent is read from the storage. */
  private async send(
    { key, bytes }: KnownFile,
    { method, headers }: Request,
    response: Response,
    etag: string,
  ): Promise<void> {
    const isWhole = headers['if-range'] !== undefined && headers['if-range'] !== etag;
    const range = method === 'HEAD' || isWhole ? null : rangeOf(headers.range, bytes);
    if (range === 'none') {
      response.status(416).set('Content-Range', `bytes */${bytes}`).end();
      return;
    }
    response.set('Content-Length', String(range ? range.end - range.start + 1 : bytes));
    if (range) response.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${bytes}`);
    if (method === 'HEAD') {
      response.end();
      return;
    }
    const stored = await this.storage.open(key, range ?? undefined);
    if (!stored) throw missing(response);
    await pipeline(stored.content, response).catch(() => response.destroy()); // the client went away
  }
}

/** Its row was there a moment ago. What was promised of it is taken back. */
function missing(response: Response): AppError {
  const promised = [
    'Content-Type',
    'Content-Length',
    'Content-Range',
    'Cache-Control',
    'ETag',
    'Accept-Ranges',
  ];
  for (const name of promised) response.removeHeader(name);
  return new AppError('IMAGE_NOT_FOUND');
}

/**
 * Whether `If-None-Match` names the file. Not Express' `request.fresh`: that says no where there is `Cache-Control:
 * no-cache`, which `fetch` adds to every call with such a header, and the file of a URL never changes here.
 */
function isKnown(etag: string, known = ''): boolean {
  return known.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}
