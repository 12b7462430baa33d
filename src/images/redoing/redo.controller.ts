import { Body, Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiParam, ApiTags } from '@nestjs/swagger';
import { AppError } from '../../errors/app-error.js';
import { ApiCall, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { Caller, type Principal } from '../../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import { ImageResponse } from '../../requests/request.dto.js';
import { RequestReader } from '../../requests/request-reader.js';
import { RedoBody, wantedRedo } from './redo.dto.js';
import { Redos } from './redos.js';

/** One image of a request, and what is done with it after it was judged. */
@ApiTags('requests')
@ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
@ApiParam({ name: 'number', description: 'Place of the image in the file, from 1: what its `id` ends in' })
@Controller('requests/:id/images/:number')
export class RedoController {
  constructor(
    private readonly requests: RequestReader,
    private readonly redos: Redos,
  ) {}

  @Get()
  @ApiCall({
    operationId: 'getRequestImage',
    summary: 'One image of a request',
    answer: { type: ImageResponse },
    errors: ['REQUEST_NOT_FOUND', 'IMAGE_NOT_FOUND'],
  })
  image(@Param('id') id: string, @Param('number') number: string): Promise<ImageResponse> {
    return this.requests.image(id, numberOf(number));
  }

  @Post('redo')
  @HttpCode(200)
  @UseGuards(JsonBodyGuard)
  @ApiBody({ type: RedoBody })
  @ApiCall({
    operationId: 'redoImage',
    summary: 'Make a done image anew: with another quality or goal, as its original, or from another address',
    description:
      'For a request that has ended. A worker does it soon, from the source where that was kept, else it is fetched again: `redo` of the image says how far it is. The output then has another address; the ' +
      'one before is kept until the next redo that succeeds, and comes back by `{"undo": true}`. Status, run, counts and times of the ' +
      'request stay, no webhook is sent, its bytes move by the difference. Where it fails, the output stays as it is. Only this image ' +
      'changes, also where others have the same URL; its renditions are made anew with their own options.',
    answer: { type: ImageResponse },
    errors: [
      ...(['REQUEST_NOT_FOUND', 'IMAGE_NOT_FOUND', 'REQUEST_NOT_FINISHED', 'IMAGE_NOT_DONE'] as const),
      ...([
        'REDO_IN_WORK',
        'SOURCE_GONE',
        'NOTHING_TO_UNDO',
        'QUOTA_EXCEEDED',
        'STORED_BYTES_EXCEEDED',
      ] as const),
      ...JSON_BODY_ERRORS,
    ],
  })
  async redo(
    @Param('id') id: string,
    @Param('number') given: string,
    @Caller() caller: Principal,
    @Body(NO_OTHER_FIELDS) body?: RedoBody,
  ): Promise<ImageResponse> {
    const request = await this.requests.get(id);
    const number = numberOf(given);
    const wish = wantedRedo(body ?? {});
    if (wish === 'undo') await this.redos.undo({ requestKey: request.key, number });
    else await this.redos.ask(request, number, wish, caller);
    return this.requests.image(id, number);
  }
}

/** @throws AppError `IMAGE_NOT_FOUND` */
function numberOf(given: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new AppError('IMAGE_NOT_FOUND');
  return Number(given);
}
