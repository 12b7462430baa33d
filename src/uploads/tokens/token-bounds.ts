import { stat } from 'node:fs/promises';

import { AppError } from '../../errors/app-error.js';
import type { TokenBounds } from '../../http/guards/principal.js';
import { COMPRESSION_FIELDS } from '../bodies/json-options.js';
import type { PictureFields } from '../../requests/channels/channel-fields.js';
import type { PresetField } from '../presets/preset.dto.js';
import type { UploadedFile } from '../uploads.service.js';

const FIXED_FIELDS = [...COMPRESSION_FIELDS, 'preset'] as const;

/**
 * Refuses an upload that its token does not allow. Where the token names options, its uploads have exactly these: a form may
 * repeat them, and say nothing else.
 * @throws AppError `TOKEN_NOT_ALLOWED` (403), `BODY_TOO_LARGE` (413)
 */
export async function keepWithin(
  token: TokenBounds | null,
  { path }: Pick<UploadedFile, 'path'>,
  fields: (PictureFields & PresetField) | undefined,
  webhookUrls: string[],
): Promise<void> {
  if (!token) return;
  if (webhookUrls.length > 0)
    throw new AppError('TOKEN_NOT_ALLOWED', 'Uploads with a token name no webhook.');
  const { options, maxBytes } = token;
  const other = options && FIXED_FIELDS.find((name) => !isAllowed(fields?.[name], options[name]));
  if (other) throw new AppError('TOKEN_NOT_ALLOWED', `This token fixes the options: leave ${other} out.`);
  if (maxBytes !== null && (await stat(path)).size > maxBytes)
    throw new AppError('BODY_TOO_LARGE', `This token is for files of at most ${maxBytes} bytes.`);
}

function isAllowed(given: unknown, fixed: unknown): boolean {
  return given === undefined || given === fixed;
}
