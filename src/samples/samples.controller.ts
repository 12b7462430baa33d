import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Public } from '../http/guards/api-key.guard.js';
import { settings, type Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { storageUnavailable } from '../files/on-disk.js';
import { ApiCall } from '../http/description/api-call.js';

const CONTENT_TYPES: Record<string, string> = {
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/** A sample file and its images, so that the whole main job can be tried without any other server. */
@Public()
@ApiTags('samples')
@Controller('samples')
export class SamplesController {
  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  @Get(':file')
  @ApiCall({
    operationId: 'getSample',
    summary: 'A sample to try: products.csv, and the images that it links to',
    answer: {
      content: {
        'text/csv': { schema: { type: 'string' } },
        'image/*': { schema: { type: 'string', format: 'binary' } },
      },
    },
    errors: ['SAMPLE_NOT_FOUND'],
  })
  async file(@Param('file') file: string, @Res() response: Response): Promise<void> {
    const contentType = CONTENT_TYPES[path.extname(file)];
    const content = contentType && /^[a-z0-9-]+\.[a-z]+$/.test(file) ? await read(file) : null;
    if (!content) throw new AppError('SAMPLE_NOT_FOUND');
    response.type(contentType);
    response.send(file.endsWith('.csv') ? this.withOwnAddress(content) : content);
  }

  private withOwnAddress(csv: Buffer): string {
    return csv.toString('utf8').replaceAll('{{ORIGIN}}', this.settings.samplesUrl);
  }
}

async function read(file: string): Promise<Buffer | null> {
  try {
    return await readFile(path.join(import.meta.dirname, file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw storageUnavailable(error);
  }
}
