import { ApiProperty } from '@nestjs/swagger';
import { wordsOf } from '../../http/description/words.js';
import { type Channel, CHANNEL_NAMES, type ChannelName, type ChannelRule } from './channel-list.js';

const RULES = wordsOf<ChannelRule>({
  min_longest_side: true,
  min_width: true,
  min_height: true,
  max_side: true,
  max_side_sum: true,
  max_pixels: true,
  shape: true,
  formats: true,
  max_bytes: true,
  background: true,
  min_quality: true,
});

export class ChannelDemandResponse {
  @ApiProperty({ enum: RULES, enumName: 'ChannelRule' })
  rule!: ChannelRule;
  @ApiProperty({ oneOf: [{ type: 'integer' }, { type: 'string' }], example: 500 })
  value!: number | string;
  /** Whose page it stands on. */
  @ApiProperty({ example: 'developer.ebay.com, PictureDetailsType' })
  source!: string;
  /** `false`: it was not seen on the channel's own page. */
  confirmed!: boolean;
  /** When it was read: year and month. */
  @ApiProperty({ example: '2026-11' })
  read!: string;
}

export class ChannelResponse {
  @ApiProperty({ enum: CHANNEL_NAMES, enumName: 'ChannelName' })
  name!: ChannelName;
  @ApiProperty({ example: 'eBay' })
  title!: string;
  /** The options that it stands for, named as the fields of an upload. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { format: 'jpeg', quality: '90' } })
  options!: Record<string, unknown>;
  /** What each result is checked against. */
  demands!: ChannelDemandResponse[];
}

export class ChannelsResponse {
  items!: ChannelResponse[];
  /** All are in one page. */
  @ApiProperty({ nullable: true, type: String, example: null })
  next_cursor!: null;
}

/** A channel as clients are told of it. */
export function toChannelResponse({ name, title, fields, demands }: Channel): ChannelResponse {
  const told = demands.map(({ isConfirmed, ...demand }) => ({ ...demand, confirmed: isConfirmed }));
  return { name, title, options: { ...fields }, demands: told };
}
