import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { canvasAsFields, readCompressionOptions, targetAsField, WHITE } from '../../compression/options.js';
import { settings, type Settings } from '../../config/settings.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { RequestReader } from '../../requests/request-reader.js';
import type { Principal } from '../../http/guards/principal.js';
import type { PictureFields } from '../../requests/channels/channel-fields.js';
import { COMPRESSION_FIELDS } from '../bodies/json-options.js';
import { layoutOf } from '../../requests/downloads/request-layout.js';
import { renditionsOf, type WantedRendition } from '../../requests/renditions/renditions.js';
import { readRenditionFields } from '../fields/renditions-field.js';
import { FileStorage } from '../../storage/file-storage.js';
import { unpackUpload } from '../../stored-files/unpack-upload.js';
import type { WantedColumns } from '../../tables/tables.js';
import { wantedColumns } from '../columns/column-fields.dto.js';
import type { AskedPictures, Preset } from '../presets/preset-pictures.js';
import { PresetsService } from '../presets/presets.service.js';
import { readImageHeaders } from '../fields/image-headers-field.js';
import { readKeepSources } from '../fields/keep-sources-field.js';
import { readLabels } from '../fields/labels-field.js';
import { readName } from '../fields/name-field.js';
import { type AcceptedUpload, UploadsService } from '../uploads.service.js';
import { webhookUrlsOf } from '../webhook-fields.dto.js';
import type { RerunBody } from './rerun.dto.js';

/** Makes new requests of the files of earlier ones. */
@Injectable()
export class Reruns {
  constructor(
    private readonly requests: RequestReader,
    private readonly storage: FileStorage,
    private readonly uploads: UploadsService,
    private readonly presets: PresetsService,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Makes a request of the file of another one, whatever became of that. Both refer to the one stored file.
   * @param signal as that of an uploaded file
   * @throws AppError `REQUEST_NOT_FOUND`, `UPLOAD_NOT_KEPT`, `PRESET_UNKNOWN`, and as {@link UploadsService.accept}
   */
  async run(
    id: string,
    caller: Principal,
    body: RerunBody,
    idempotencyKey: string | null,
    signal: AbortSignal,
  ): Promise<AcceptedUpload> {
    const request = await this.requests.get(id);
    const preset = await this.presets.named(caller, body.preset);
    const imageHeaders = body.headers === undefined ? null : readImageHeaders(JSON.stringify(body.headers));
    const { leftOut } = layoutOf(request).source ?? {};
    const path = this.settings.dataPath(`uploads/rerun-${randomBytes(16).toString('hex')}`);
    try {
      await unpackUpload(this.storage, request.uploadKey, path, signal);
      const file = { path, name: request.fileName, storedAs: request.uploadKey!, leftOut, signal };
      return await this.uploads.accept(file, {
        caller: { ...caller, ownerKey: request.ownerKey }, // to whom the file belongs, also where an admin calls
        skipsFaults: request.faultCount > 0,
        name: body.name === undefined ? request.name : readName(body.name),
        labels: labelsOf(request, body),
        ...(preset ? ofPreset(preset, body) : ofRequest(request, body)),
        columns: columnsOf(request, body),
        isFresh: body.fresh ?? false,
        keepSourcesDays: readKeepSources(body.keep_sources, caller.token) ?? request.keepSourcesDays,
        imageHeaders,
        idempotencyKey,
        webhookUrls: webhookUrlsOf({ webhook_url: body.webhook_url }),
      });
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** The caller's pairs: those that were given, or the earlier ones. */
function labelsOf({ labels }: RequestEntity, given: RerunBody): Record<string, string> | null {
  if (given.labels === null) return null;
  if (given.labels !== undefined) return readLabels(JSON.stringify(given.labels));
  return labels ? (JSON.parse(labels) as Record<string, string>) : null;
}

/** With a preset nothing of what the earlier request asked for holds. */
function ofPreset(preset: Preset, given: RerunBody): AskedPictures {
  const { renditions, sizes } = given;
  const isSaid = renditions !== undefined || sizes !== undefined;
  return { preset, compression: given, renditions: isSaid ? wantedRenditions(given) : null };
}

function ofRequest(request: RequestEntity, given: RerunBody): AskedPictures {
  const compression = ofChannel(request, given) ?? changed(request, given);
  return { preset: null, compression, renditions: wantedOf(request, given) };
}

/** The renditions that were given, or those of the earlier request, as they were asked for. */
function wantedOf(request: RequestEntity, given: RerunBody): WantedRendition[] {
  if (given.renditions === undefined && given.sizes === undefined)
    return renditionsOf(request).map(({ wanted }) => wanted);
  return wantedRenditions(given);
}

function wantedRenditions({ renditions, sizes }: RerunBody): WantedRendition[] {
  return readRenditionFields(renditions, sizes) ?? [];
}

/** What was said of the columns, with another name of the results where one was given. */
function columnsOf(request: RequestEntity, { image_name }: RerunBody): WantedColumns {
  const { wanted = {} } = layoutOf(request);
  if (image_name === undefined) return wanted;
  const { imageName, ...others } = { ...wanted, ...wantedColumns({ image_name: image_name ?? '' }) };
  return image_name && imageName ? { ...others, imageName } : others;
}

/** For another channel nothing of what the earlier one stood for holds; undefined where the channel stays. */
function ofChannel({ channel }: RequestEntity, given: RerunBody): PictureFields | undefined {
  if (!given.for || given.for === channel) return undefined;
  const own = COMPRESSION_FIELDS.filter((name) => given[name] !== undefined && given[name] !== null);
  return Object.fromEntries(own.map((name) => [name, given[name]])) as PictureFields;
}

/** Options as fields, with those in their place that were given; null stands for the default. */
function changed(request: RequestEntity, given: RerunBody): PictureFields {
  const options = readCompressionOptions(request.options);
  const { quality, target, format, maxWidth, maxHeight, effort, metadata, measure } = options;
  const fields: Record<keyof PictureFields, unknown> = {
    for: request.channel,
    quality: given.target ? null : quality === null ? null : String(quality),
    target: given.quality ? null : targetAsField(target),
    ...{ format, max_width: maxWidth, max_height: maxHeight, effort, metadata, measure },
    ...{ canvas: null, background: null, trim: null, fill: null, enlarge: null },
    ...canvasAsFields(options.canvas),
  };
  // Of a canvas that is taken away again, none is left.
  if (options.canvas?.background === WHITE && Object.keys(canvasAsFields(options.canvas)).length > 1)
    fields.background = null;
  for (const name of Object.keys(fields) as (keyof PictureFields)[])
    if (given[name] !== undefined) fields[name] = given[name];
  const isSet = ([, value]: [string, unknown]) => value !== null;
  return Object.fromEntries(Object.entries(fields).filter(isSet)) as PictureFields;
}
