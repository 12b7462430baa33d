import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { canonicalOptions, toCompressionOptions } from '../compression/options.js';
import { AppError } from '../errors/app-error.js';
import type { Principal } from '../http/guards/principal.js';
import { withChannel } from '../requests/channels/channel-fields.js';
import type { Idempotency } from '../requests/intake/request-draft.js';
import { COMPRESSION_FIELDS } from './bodies/json-options.js';
import { type AskedPictures, resolvedPictures } from './presets/preset-pictures.js';
import type { UploadedFile, UploadOptions } from './uploads.service.js';

/**
 * The key of an upload, and a digest of what was sent under it: the same again is the same, whatever `QUALITY` is and the preset
 * stands for by then.
 * @throws AppError `IDEMPOTENCY_KEY_INVALID`
 */
export async function idempotencyOf(
  key: string,
  options: UploadOptions,
  { path, signal }: UploadedFile,
): Promise<Idempotency> {
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new AppError('IDEMPOTENCY_KEY_INVALID');
  }
  const digest = createHash('sha256').update(`${textsOf(options).join(' ')}\n`);
  for await (const chunk of createReadStream(path)) {
    signal.throwIfAborted();
    digest.update(chunk as Buffer);
  }
  return { key: ownKey(key, options.caller), digest: digest.digest('hex') };
}

/** Digests of earlier versions stay true: what is new here is there only where it was given. */
function textsOf(options: UploadOptions): (string | boolean)[] {
  const { skipsFaults, columns, isFresh, keepSourcesDays, webhookUrls, name, labels, preset } = options;
  const { compression, renditions } = resolvedPictures({ ...options, preset: null });
  const asked = canonicalOptions(toCompressionOptions(withChannel(compression), null));
  return [
    skipsFaults,
    asked,
    ...(compression.for ? [`for ${compression.for}`] : []),
    ...(preset ? [JSON.stringify([preset.name, saidOf(options.compression), options.renditions])] : []),
    ...(renditions.length > 0 ? [JSON.stringify(renditions)] : []),
    ...(isFresh ? ['fresh'] : []),
    ...(keepSourcesDays === undefined ? [] : [`keep ${keepSourcesDays}`]),
    ...webhookUrls.slice(0, 1),
    ...(name || labels ? [JSON.stringify([name, labels])] : []),
    ...(Object.keys(columns).length > 0 ? [JSON.stringify(columns)] : []),
  ];
}

/** Also what was taken away from the preset. */
function saidOf(compression: AskedPictures['compression']): unknown[] {
  return COMPRESSION_FIELDS.filter((name) => compression[name] !== undefined).map((name) => [
    name,
    compression[name],
  ]);
}

/** Who has a token meets neither the keys of its owner nor those of other tokens. */
function ownKey(key: string, { token }: Principal): string {
  return token ? `token ${createHash('sha256').update(`${token.id} ${key}`).digest('hex')}` : key;
}
