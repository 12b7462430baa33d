import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Between } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { OwnerEntity } from '../../database/entities/access/owner.entity.js';
import { UsageDayEntity } from '../../database/entities/access/usage-day.entity.js';
import { AppError } from '../../errors/app-error.js';
import { ApiCall } from '../../http/description/api-call.js';
import { Caller, type Principal } from '../../http/guards/principal.js';
import { NO_OTHER_PARAMETERS } from '../../http/unknown-fields.pipe.js';
import { dayOf, QuotaKeeper } from '../quotas.js';
import { UsageDayResponse, UsageQuery, UsageResponse } from './usage.dto.js';

const DAY_MS = 86_400_000;

/** Days of one answer. */
const MAX_DAYS = 366;
const DAYS_BY_DEFAULT = 31;

/** What an owner has used. */
@ApiTags('access')
@Controller('usage')
export class UsageController {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly quotas: QuotaKeeper,
  ) {}

  @Get()
  @ApiCall({
    operationId: 'getUsage',
    summary:
      'What the caller has used by day: requests, images, bytes in and out; and what is used of the quotas',
    description:
      'A request counts on the day on which it ends, and stays when it is deleted. 366 days at most.',
    answer: { type: UsageResponse },
    errors: ['INVALID_PARAMETER', 'UNKNOWN_FIELD'],
  })
  async usage(
    @Query(NO_OTHER_PARAMETERS) query: UsageQuery,
    @Caller() caller: Principal,
  ): Promise<UsageResponse> {
    const { from, to } = this.rangeOf(query);
    const owner = await this.ownerOf(query, caller);
    const days = await this.database.manager.find(UsageDayEntity, {
      where: { ownerKey: owner.key, day: Between(from, to) },
      order: { day: 'DESC' },
    });
    const used = await this.quotas.used(owner.key);
    const state = (name: keyof typeof used) => ({ used: used[name], limit: caller.quotas[name] ?? null });
    return {
      owner: owner.name,
      role: caller.role,
      items: days.map(toResponse),
      quotas: {
        images_per_day: state('images_per_day'),
        open_images: state('open_images'),
        stored_bytes: state('stored_bytes'),
      },
    };
  }

  /** @throws AppError `INVALID_PARAMETER` */
  private rangeOf({ from, to }: UsageQuery): { from: string; to: string } {
    const last = to ?? dayOf(this.clock.now());
    const first = from ?? (isDay(last) ? dayOf(Date.parse(last) - (DAYS_BY_DEFAULT - 1) * DAY_MS) : last);
    const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
    if (!isDay(first) || !isDay(last) || days < 1 || days > MAX_DAYS)
      throw new AppError(
        'INVALID_PARAMETER',
        `from and to must be days, from the first to the last of ${MAX_DAYS} at most`,
      );
    return { from: first, to: last };
  }

  /** @throws AppError `ROLE_NOT_ALLOWED`, `INVALID_PARAMETER` */
  private async ownerOf({ owner }: UsageQuery, { ownerKey, seesAll }: Principal): Promise<OwnerEntity> {
    if (owner !== undefined && !seesAll) throw new AppError('ROLE_NOT_ALLOWED');
    const where = owner === undefined ? { key: ownerKey } : { name: owner };
    const found = await this.database.manager.findOneBy(OwnerEntity, where);
    if (!found) throw new AppError('INVALID_PARAMETER', 'owner must be the name of one');
    return found;
  }
}

/** The 31st of February is none. */
function isDay(day: string): boolean {
  const instant = Date.parse(day);
  return !Number.isNaN(instant) && dayOf(instant) === day;
}

function toResponse({
  day,
  requests,
  images,
  acceptedImages,
  inputBytes,
  outputBytes,
}: UsageDayEntity): UsageDayResponse {
  const bytes = { input: inputBytes, output: outputBytes };
  return { day, requests, images, accepted_images: acceptedImages, bytes };
}
