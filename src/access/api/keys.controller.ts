import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiCall, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { isoTime } from '../../http/json-formats.js';
import { pageOf, PageQuery } from '../../http/page-query.dto.js';
import { Caller, Needs, type Principal, type Quotas } from '../../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import { type KeyOfOwner, KeysService } from '../keys.service.js';
import { KeyChangesBody, KeyPageResponse, KeyResponse, KeyWithTextResponse, NewKeyBody } from './keys.dto.js';

const OfKey = ApiParam({ name: 'id', format: 'uuid' });

/** Named keys, for admins. */
@ApiTags('access')
@Needs('admin')
@UseGuards(JsonBodyGuard)
@Controller('keys')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  @Post()
  @ApiCall({
    operationId: 'createKey',
    summary: 'Make an API key; the only time that it is shown',
    answer: { type: KeyWithTextResponse, status: 201 },
    errors: [...JSON_BODY_ERRORS, 'OWNER_MISSING', 'FIRST_KEY_NOT_ADMIN', 'TOO_MANY_KEYS'],
  })
  async create(
    @Body(NO_OTHER_FIELDS) { name, role, owner, quotas }: NewKeyBody,
    @Caller() caller: Principal,
  ): Promise<KeyWithTextResponse> {
    return withText(await this.keys.create({ name, role, owner, quotas: quotas ?? undefined }, caller));
  }

  @Get()
  @ApiCall({
    operationId: 'listKeys',
    summary: 'The API keys, in the order in which they were made',
    description: 'Those of `API_KEYS` are not among them.',
    answer: { type: KeyPageResponse },
    errors: ['INVALID_PARAMETER'],
  })
  async list(@Query() { limit, cursor }: PageQuery): Promise<KeyPageResponse> {
    const found = await this.keys.list(limit + 1, Number(cursor ?? 0));
    const { page, next_cursor } = pageOf(found, limit, ({ key }) => key.key);
    return { items: page.map(toResponse), next_cursor };
  }

  @Get(':id')
  @OfKey
  @ApiCall({
    operationId: 'getKey',
    summary: 'An API key',
    answer: { type: KeyResponse },
    errors: ['KEY_NOT_FOUND'],
  })
  async describe(@Param('id') id: string): Promise<KeyResponse> {
    return toResponse(await this.keys.get(id));
  }

  @Patch(':id')
  @OfKey
  @ApiCall({
    operationId: 'updateKey',
    summary: 'Change the name, role or quotas of an API key',
    answer: { type: KeyResponse },
    errors: [...JSON_BODY_ERRORS, 'KEY_NOT_FOUND'],
  })
  async change(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) { name, role, quotas }: KeyChangesBody,
    @Caller() caller: Principal,
  ): Promise<KeyResponse> {
    return toResponse(await this.keys.change(id, { name, role, quotas }, caller));
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @OfKey
  @ApiCall({
    operationId: 'rotateKey',
    summary: 'Give an API key a new text, shown this once; the old one is void at once',
    description: 'Owner, role and quotas stay.',
    answer: { type: KeyWithTextResponse },
    errors: ['KEY_NOT_FOUND'],
  })
  async rotate(@Param('id') id: string, @Caller() caller: Principal): Promise<KeyWithTextResponse> {
    return withText(await this.keys.rotate(id, caller));
  }

  @Delete(':id')
  @HttpCode(204)
  @OfKey
  @ApiCall({
    operationId: 'deleteKey',
    summary: 'Delete an API key; it and its upload tokens are void at once',
    description: 'What its owner has stays.',
    answer: { status: 204 },
    errors: ['KEY_NOT_FOUND'],
  })
  remove(@Param('id') id: string, @Caller() caller: Principal): Promise<void> {
    return this.keys.remove(id, caller);
  }
}

function toResponse({ key, owner }: KeyOfOwner): KeyResponse {
  const { id, name, role, quotas, createdAt, usedAt } = key;
  return {
    ...{ id, name, role, owner },
    quotas: quotas === null ? {} : (JSON.parse(quotas) as Quotas),
    created_at: isoTime(createdAt),
    last_used_at: isoTime(usedAt),
  };
}

function withText({ text, ...key }: KeyOfOwner & { text: string }): KeyWithTextResponse {
  return { ...toResponse(key), key: text };
}
