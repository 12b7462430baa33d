import type { OutputEntity } from '../../database/entities/output.entity.js';
import { type Channel, type ChannelName, channelOf, type Demand } from './channel-list.js';
import type { BrokenRule } from './rule-advice.js';

/** What of an output is judged. */
export type JudgedOutput = Pick<OutputEntity, 'bytes' | 'format' | 'width' | 'height' | 'quality' | 'notes'>;

/** How a result stands with its channel. */
export interface Judgement {
  /** Null where it is for no channel. */
  fits: boolean | null;
  broken_rules: string[];
}

/** A side that is rounded changes the shape by less. */
const SHAPE_TOLERANCE_PIXELS = 1;
/** The intersection of what channels take of addresses: ASCII, no query, fragment, comma, semicolon or blank. */
const SAFE_PATH = /^[A-Za-z0-9\-_./:]+$/;
const MAX_URL_LENGTH = 255;

/** Judges an output by the channel that it is for. */
export function judge(channel: string | null, output: JudgedOutput | null, url: string | null): Judgement {
  if (channel === null || !output || url === null) return { fits: null, broken_rules: [] };
  const broken = brokenRules(channelOf(channel as ChannelName), output, url);
  return { fits: broken.length === 0, broken_rules: broken };
}

/** The rules of the channel that an output breaks, such as `too_small: 430 < 500`; none where it fits. */
export function brokenRules(channel: Channel, output: JudgedOutput, url: string): string[] {
  const broken = channel.demands.map((demand) => brokenBy(demand, output));
  const isSafe = SAFE_PATH.test(url) && url.length <= MAX_URL_LENGTH;
  return [...broken, isSafe ? null : 'address_not_taken'].filter((rule) => rule !== null);
}

function brokenBy(
  { rule, value }: Demand,
  output: JudgedOutput,
): BrokenRule | `${BrokenRule}: ${string}` | null {
  const { width, height, bytes, format, quality } = output;
  const longest = Math.max(width, height);
  const atLeast = (code: BrokenRule, is: number) =>
    is < Number(value) ? (`${code}: ${is} < ${value}` as const) : null;
  const atMost = (code: BrokenRule, is: number) =>
    is > Number(value) ? (`${code}: ${is} > ${value}` as const) : null;
  switch (rule) {
    case 'min_longest_side':
      return atLeast('too_small', longest);
    case 'min_width':
      return atLeast('too_narrow', width);
    case 'min_height':
      return atLeast('too_low', height);
    case 'max_side':
      return atMost('too_large', longest);
    case 'max_side_sum':
      return atMost('too_large', width + height);
    case 'max_pixels':
      return atMost('too_many_pixels', width * height);
    case 'max_bytes':
      return atMost('too_many_bytes', bytes);
    case 'min_quality':
      return quality === null ? null : atLeast('quality_too_low', quality);
    case 'formats':
      return String(value).split(',').includes(format) ? null : `wrong_format: ${format}`;
    case 'shape':
      return hasShape(output, String(value)) ? null : `wrong_shape: ${width}x${height} is not ${value}`;
    case 'background':
      return output.notes?.split(',').includes('canvas_not_possible') ? 'not_on_white' : null;
  }
}

function hasShape({ width, height }: JudgedOutput, shape: string): boolean {
  const [wide, high] = shape.split(':').map(Number);
  const isNear = (side: number, wanted: number): boolean => Math.abs(side - wanted) <= SHAPE_TOLERANCE_PIXELS;
  return isNear(width, (height * wide) / high) || isNear(height, (width * high) / wide);
}
