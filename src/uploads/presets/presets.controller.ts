import { Body, Controller, Delete, Get, HttpCode, Param, Put, UseGuards } from '@nestjs/common';
import { ApiBody, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiCall, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { Caller, type Principal } from '../../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import {
  PresetBody,
  PresetResponse,
  PresetsResponse,
  readPresetOptions,
  toPresetResponse,
} from './preset.dto.js';
import { PresetsService } from './presets.service.js';

const NameParam = () => ApiParam({ name: 'name', description: 'Small letters, digits, - and _, up to 40' });

/** Options of uploads, kept under a name. */
@ApiTags('uploads')
@UseGuards(JsonBodyGuard)
@Controller('presets')
export class PresetsController {
  constructor(private readonly presets: PresetsService) {}

  @Get()
  @ApiCall({
    operationId: 'listPresets',
    summary: 'Your presets, by name',
    answer: { type: PresetsResponse },
  })
  async list(@Caller() caller: Principal): Promise<PresetsResponse> {
    return { items: (await this.presets.list(caller)).map(toPresetResponse), next_cursor: null };
  }

  @Get(':name')
  @NameParam()
  @ApiCall({
    operationId: 'getPreset',
    summary: 'A preset',
    answer: { type: PresetResponse },
    errors: ['PRESET_NOT_FOUND'],
  })
  async describe(@Param('name') name: string, @Caller() caller: Principal): Promise<PresetResponse> {
    return toPresetResponse(await this.presets.get(caller, name));
  }

  @Put(':name')
  @NameParam()
  @ApiBody({ type: PresetBody })
  @ApiCall({
    operationId: 'putPreset',
    summary: 'Keep options under a name, in the place of those that it had',
    description:
      'They are checked as at an upload, which then names them by `preset`. Requests that were made with it stay as they are.',
    answer: { type: PresetResponse },
    errors: [...JSON_BODY_ERRORS, 'PRESET_NAME_INVALID', 'TOO_MANY_PRESETS'],
  })
  async put(
    @Param('name') name: string,
    @Body(NO_OTHER_FIELDS) body: PresetBody,
    @Caller() caller: Principal,
  ): Promise<PresetResponse> {
    return toPresetResponse(await this.presets.put(caller, name, readPresetOptions(body?.options)));
  }

  @Delete(':name')
  @NameParam()
  @HttpCode(204)
  @ApiCall({
    operationId: 'deletePreset',
    summary: 'Delete a preset',
    answer: { status: 204 },
    errors: ['PRESET_NOT_FOUND'],
  })
  remove(@Param('name') name: string, @Caller() caller: Principal): Promise<void> {
    return this.presets.remove(caller, name);
  }
}
