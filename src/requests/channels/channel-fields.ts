import type { ByteLimit, CompressionFields, LimitedFields } from '../../compression/options.js';
import { AppError } from '../../errors/app-error.js';
import { type ChannelName, channelOf, type ChannelRule, type Demand } from './channel-list.js';

/** The options of an upload, and the channel that its images go to. */
export type PictureFields = CompressionFields & { for?: ChannelName };

/** What a form says that leaves the format open. */
const ANY_FORMAT = 'keep';

/**
 * The fields with those of their channel behind them: what was given itself holds. A quality above the floor may go down to it, where the
 * channel takes only so many bytes.
 * @throws AppError `INVALID_PARAMETER` where the channel takes no images of such a quality, format or background
 */
export function withChannel({ for: name, ...given }: PictureFields): LimitedFields {
  if (!name) return given;
  const { fields, demands } = channelOf(name);
  const demanded = (rule: ChannelRule) => demands.find((demand) => demand.rule === rule)?.value;
  const least = Number(demanded('min_quality') ?? 0);
  if (least > 0 && given.target !== undefined)
    throw refusal(
      'target',
      `leave target out with for=${name}: its images have a quality of at least ${least}`,
    );
  if (given.quality !== undefined && !(Number(given.quality) >= least))
    throw refusal(
      'quality',
      `quality must be from ${least} to 100 with for=${name}, which encodes images again`,
    );
  const isFormatGiven = given.format !== undefined && given.format !== ANY_FORMAT;
  const formats = String(demanded('formats') ?? '').split(',');
  if (isFormatGiven && !formats.includes(given.format!))
    throw refusal('format', `format must be one of ${formats.join(', ')} with for=${name}`);
  const background = demanded('background');
  if (background !== undefined && given.background !== undefined && given.background !== background)
    throw refusal('background', `background must be ${background} with for=${name}`);
  const isGiven = ([field, value]: [string, unknown]) =>
    value !== undefined && (field !== 'format' || isFormatGiven);
  const own = given.target === undefined ? fields : { ...fields, quality: undefined };
  const asked: LimitedFields = { ...own, ...Object.fromEntries(Object.entries(given).filter(isGiven)) };
  const limit = limitOf(name, asked.quality);
  return limit ? { ...asked, limit } : asked;
}

/** How many bytes a channel takes of an image of this quality; null where it does not say, or nothing is left to take away. */
export function limitOf(name: ChannelName, quality: string | undefined): ByteLimit | null {
  const { demands } = channelOf(name);
  const [bytes, minQuality] = (['max_bytes', 'min_quality'] as const).map((rule) => valueOf(demands, rule));
  return bytes > 0 && Number(quality) > minQuality ? { bytes, minQuality } : null;
}

function valueOf(demands: Demand[], wanted: ChannelRule): number {
  return Number(demands.find(({ rule }) => rule === wanted)?.value ?? 0);
}

function refusal(field: string, message: string): AppError {
  const text = `${message[0].toUpperCase()}${message.slice(1)}.`;
  return new AppError('INVALID_PARAMETER', text, { details: [{ field, message }] });
}
