import { Body, Controller, Inject, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Tokens } from '../../access/tokens.js';
import { settings, type Settings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { ApiCall, JSON_BODY_ERRORS } from '../../http/description/api-call.js';
import { JsonBodyGuard } from '../../http/guards/json-body.guard.js';
import { isoTime } from '../../http/json-formats.js';
import { isListedOrigin } from '../../http/middleware/cross-origin.js';
import { Caller, type Principal } from '../../http/guards/principal.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import { readJsonOptions } from '../bodies/json-options.js';
import { PresetsService } from '../presets/presets.service.js';
import { NewTokenBody, TokenResponse } from './tokens.dto.js';

const DEFAULT_SECONDS = 900;

/** As browsers write it. */
const ORIGIN = /^https?:\/\/[a-z0-9.:[\]-]{1,255}$/;

/** Short-lived permissions to upload, for pages in a browser, which can keep no key secret. */
@ApiTags('access')
@UseGuards(JsonBodyGuard)
@Controller('tokens')
export class TokensController {
  constructor(
    private readonly tokens: Tokens,
    private readonly presets: PresetsService,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post()
  @ApiBody({ type: NewTokenBody, required: false })
  @ApiCall({
    operationId: 'createToken',
    summary: 'Make a short-lived upload token for a browser',
    description:
      'It uploads within its bounds, for the owner of the key that makes it, reads what it has uploaded, and does nothing ' +
      'else. It is not stored: it is void when its time is over, or when its key is deleted or rotated.',
    answer: { type: TokenResponse, status: 201 },
    errors: [...JSON_BODY_ERRORS, 'NO_KEY_FOR_TOKEN', 'PRESET_UNKNOWN'],
  })
  async create(
    @Caller() caller: Principal,
    @Body(NO_OTHER_FIELDS) body?: NewTokenBody,
  ): Promise<TokenResponse> {
    if (caller.signer === '') throw new AppError('NO_KEY_FOR_TOKEN');
    const { expires_in = DEFAULT_SECONDS, options, preset, max_bytes = null, origin = null } = body ?? {};
    if (origin !== null) this.checkOrigin(origin);
    const used = await this.presets.named(caller, preset);
    if (used?.refusal) throw used.refusal;
    const fixed = options === undefined ? null : readJsonOptions(options);
    const named = preset === undefined ? fixed : { ...fixed, preset };
    const bounds = { options: named as Record<string, unknown> | null, maxBytes: max_bytes, origin };
    const { token, expiresAt } = this.tokens.make(caller, expires_in, bounds);
    return { token, expires_at: isoTime(expiresAt) };
  }

  /** @throws AppError `INVALID_PARAMETER` */
  private checkOrigin(origin: string): void {
    const isOwn = origin === new URL(this.settings.publicUrl).origin;
    if (isOwn || (ORIGIN.test(origin) && isListedOrigin(origin, this.settings))) return;
    throw new AppError(
      'INVALID_PARAMETER',
      'origin must be one of CORS_ORIGINS: calls of others are refused.',
    );
  }
}
