import type { AppError } from '../../errors/app-error.js';
import type { PictureFields } from '../../requests/channels/channel-fields.js';
import { mergedFields, type WantedRendition } from '../../requests/renditions/renditions.js';
import { COMPRESSION_FIELDS } from '../bodies/json-options.js';

/** How images are to be compressed, and in which further forms. */
export interface WantedPictures {
  compression: PictureFields;
  renditions: WantedRendition[];
}

/** A preset as an upload uses it. */
export interface Preset extends WantedPictures {
  name: string;
  /** That there is none (any more): an upload that repeats an earlier one needs none. */
  refusal?: AppError;
}

/** What an upload says of its pictures. */
export interface AskedPictures {
  /** Whose options count where the upload says nothing itself. */
  preset: Preset | null;
  /** Options that were given; null in place of one takes that of the preset away. */
  compression: { [Name in keyof PictureFields]: PictureFields[Name] | null };
  /** Null where nothing was said of further forms: then those of the preset count. */
  renditions: WantedRendition[] | null;
}

/**
 * The options of the preset, with what was given itself in their place.
 * @throws AppError `PRESET_UNKNOWN`
 */
export function resolvedPictures({ preset, compression, renditions }: AskedPictures): WantedPictures {
  if (preset?.refusal) throw preset.refusal;
  const given = COMPRESSION_FIELDS.filter((name) => compression[name] !== undefined);
  const own = Object.fromEntries(given.map((name) => [name, compression[name]])) as PictureFields;
  const all = preset ? mergedFields(preset.compression, own) : own;
  const isSet = ([, value]: [string, unknown]) => value !== null && value !== undefined;
  return {
    compression: Object.fromEntries(Object.entries(all).filter(isSet)),
    renditions: renditions ?? preset?.renditions ?? [],
  };
}
