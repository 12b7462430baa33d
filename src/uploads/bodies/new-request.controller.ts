import { Controller, Headers, Inject, Injectable, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiTags } from '@nestjs/swagger';
import express, { type Request, type Response } from 'express';
import { writeFile } from 'node:fs/promises';
import { settings, type Settings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { onDisk } from '../../files/on-disk.js';
import { FreeSpaceGuard } from '../../stored-files/free-space.guard.js';
import { codesAt } from '../../errors/error-codes.js';
import { ApiCall, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { Caller, ForTokens, type Principal, type TokenBounds } from '../../http/guards/principal.js';
import { PreferWait, REQUEST_STATUS_HEADER } from '../../requests/live/prefer-wait.js';
import { Waiting } from '../../requests/live/waiting.js';
import { RequestResponse } from '../../requests/request.dto.js';
import { RequestReader } from '../../requests/request-reader.js';
import { withSpooledFile } from '../spooled-file.js';
import { wantedColumns } from '../columns/column-fields.dto.js';
import { readRenditionFields } from '../fields/renditions-field.js';
import { readKeepSources } from '../fields/keep-sources-field.js';
import { readLabels } from '../fields/labels-field.js';
import { readName } from '../fields/name-field.js';
import { PresetsService } from '../presets/presets.service.js';
import { keepWithin } from '../tokens/token-bounds.js';
import { UploadsService } from '../uploads.service.js';
import { newSpooledFile } from './csv-body.js';
import { readJsonOptions } from './json-options.js';
import { NewRequestBody } from './new-request.dto.js';
import { noObject, readProductsBody } from './products-body.js';

/** Some fifty thousand products; more are sent as a file. */
const MAX_BYTES = 10 * 1024 * 1024;

/** Beside `products`. */
const FIELDS = [
  ...['options', 'webhook_url', 'on_invalid', 'fresh', 'name', 'labels', 'image_name'],
  ...['renditions', 'sizes', 'preset', 'keep_sources'],
];

/** Takes a larger body than other routes do, of which {@link readProductsBody} makes sense piece by piece. */
@Injectable()
export class ProductsBodyGuard extends JsonBodyGuard {
  protected override readonly parse = express.raw({ limit: MAX_BYTES, type: () => true });

  /** JSON is UTF-8 (RFC 8259, section 8.1). */
  protected override check(request: Request): void {
    const [, charset = 'utf-8'] =
      /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(request.headers['content-type']!) ?? [];
    if (charset.toLowerCase() !== 'utf-8') throw new AppError('MEDIA_TYPE_NOT_SUPPORTED');
  }
}

const CREATED = {
  status: 201,
  description: 'The request',
  type: RequestResponse,
  headers: {
    Location: {
      description: 'Where the request is described',
      schema: { type: 'string', example: '/requests/4010a3f5-e94e-461d-bb2f-6b1ecc5941a8' },
    },
    ...REQUEST_STATUS_HEADER,
  },
} as const;

/** Takes products as JSON, for programs that have no file. */
@ApiTags('requests')
@Controller('requests')
export class NewRequestController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly presets: PresetsService,
    private readonly reader: RequestReader,
    private readonly waiting: Waiting,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post()
  @ForTokens()
  @UseGuards(FreeSpaceGuard, ProductsBodyGuard)
  @PreferWait
  @ApiBody({ type: NewRequestBody })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Any text of yours up to 255 characters: a repeated call with it gets the first request again',
  })
  @ApiCall({
    operationId: 'createRequest',
    summary: 'Make a request of products in JSON',
    description:
      'As if a file with these rows had been uploaded: the first product is its line 2, and so the files that come out ' +
      'name it. At most 10 MiB.',
    answer: CREATED,
    errors: [
      ...JSON_BODY_ERRORS,
      'PRESET_UNKNOWN',
      'IMAGE_NAME_INVALID',
      'IMAGE_NAME_NOT_POSSIBLE',
      'CSV_INVALID',
      ...codesAt('file'),
      'IDEMPOTENCY_KEY_INVALID',
      'IDEMPOTENCY_KEY_REUSED',
      'WEBHOOK_URL_INVALID',
      'WEBHOOK_URL_REFUSED',
      'QUOTA_EXCEEDED',
      'RATE_LIMITED',
      'TOO_MANY_WRONG_KEYS',
      'STORED_BYTES_EXCEEDED',
      'ROLE_NOT_ALLOWED',
      'TOKEN_NOT_ALLOWED',
      'FOREIGN_ORIGIN',
      'FORWARDED_CALL',
      'DATABASE_UNAVAILABLE',
      'FREE_SPACE_LOW',
      'STORAGE_UNAVAILABLE',
    ],
  })
  async create(
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Caller() caller: Principal,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RequestResponse> {
    const waitMs = this.waiting.timeOf(prefer);
    const { csv, options, preset, ...others } = await readBody(request.body, caller.token);
    const spooled = newSpooledFile(this.settings.dataPath('uploads'), 'products.csv');
    const { id, isReplayed } = await withSpooledFile([spooled], response, async (file) => {
      await onDisk(() => writeFile(file.path, csv, { flag: 'wx' }));
      await keepWithin(caller.token, file, { ...options, preset }, others.webhookUrls);
      const compression = { preset, ...options, ...caller.token?.options };
      return this.uploads.accept(file, {
        ...others,
        caller,
        preset: await this.presets.named(caller, compression.preset),
        compression,
        imageHeaders: null,
        idempotencyKey: idempotencyKey || null,
      });
    });
    response.location(`/requests/${id}`);
    if (isReplayed) response.set('Idempotent-Replayed', 'true');
    await this.waiting.wait(id, waitMs, response).catch(() => undefined);
    return this.reader.describe(id);
  }
}

async function readBody(body: unknown, token: TokenBounds | null) {
  if (!Buffer.isBuffer(body)) throw noObject();
  const { csv, fields } = await readProductsBody(body, FIELDS);
  const {
    options,
    webhook_url,
    on_invalid,
    fresh = false,
    name,
    labels,
    image_name,
    renditions,
    sizes,
    preset,
    keep_sources,
  } = fields;
  if (on_invalid !== undefined && on_invalid !== 'refuse' && on_invalid !== 'skip')
    throw new AppError('INVALID_PARAMETER', 'on_invalid must be refuse or skip.');
  if (webhook_url !== undefined && typeof webhook_url !== 'string')
    throw new AppError('INVALID_PARAMETER', 'webhook_url must be text.');
  if (image_name !== undefined && typeof image_name !== 'string')
    throw new AppError('INVALID_PARAMETER', 'image_name must be text.');
  if (preset !== undefined && typeof preset !== 'string')
    throw new AppError('INVALID_PARAMETER', 'preset must be text.');
  if (typeof fresh !== 'boolean') throw new AppError('INVALID_PARAMETER', 'fresh must be true or false.');
  return {
    csv,
    options: options === undefined ? {} : readJsonOptions(options),
    preset: preset || undefined,
    webhookUrls: webhook_url ? [webhook_url.trim()] : [],
    skipsFaults: on_invalid === 'skip',
    isFresh: fresh,
    name: readName(name),
    labels: labels === undefined ? null : readLabels(JSON.stringify(labels)),
    columns: wantedColumns({ image_name }),
    renditions: readRenditionFields(renditions, sizes),
    keepSourcesDays: readKeepSources(keep_sources, token),
  };
}
