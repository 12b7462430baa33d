import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiCall } from '../../http/description/api-call.js';
import { CHANNELS } from './channel-list.js';
import { ChannelsResponse, toChannelResponse } from './channel.dto.js';

/** The shops and marketplaces that images are made for. */
@ApiTags('uploads')
@Controller('channels')
export class ChannelsController {
  @Get()
  @ApiCall({
    operationId: 'listChannels',
    summary: 'The shops and marketplaces that images are made for, and what each demands of them',
    answer: { type: ChannelsResponse },
    errors: [],
  })
  list(): ChannelsResponse {
    return { items: CHANNELS.map(toChannelResponse), next_cursor: null };
  }
}
