import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiCall } from '../../http/description/api-call.js';
import { PROFILES } from '../../tables/tables.js';
import { ProfilesResponse, toProfileResponse } from './profile.dto.js';

/** Which files of shops and marketplaces are recognised. */
@ApiTags('uploads')
@Controller('profiles')
export class ProfilesController {
  @Get()
  @ApiCall({
    operationId: 'listProfiles',
    summary: 'The files of shops and marketplaces that are recognised by their headers',
    answer: { type: ProfilesResponse },
    errors: [],
  })
  list(): ProfilesResponse {
    return { items: PROFILES.map(toProfileResponse), next_cursor: null };
  }
}
