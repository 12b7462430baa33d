import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { settings, type Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { principalOf } from '../http/guards/principal.js';
import { CallCounter } from './call-counter.js';

const MINUTE_SECONDS = 60;

interface Limit {
  name: 'calls' | 'uploads';
  perMinute: number;
}

/**
 * Limits what one key does in a minute, and says in the fields `RateLimit` and `RateLimit-Policy` how much is left. Without keys
 * nothing is limited: the service then answers its own machine only. It comes after the guard that finds out who calls.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly counter: CallCounter,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** @throws AppError 429 `RATE_LIMITED`, with a time to wait */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const caller = principalOf(request);
    if (!caller || caller.id === 'anonymous') return true;
    const limits = this.limitsOf(request);
    if (limits.length === 0) return true;
    const counted = await Promise.all(limits.map(({ name }) => this.counter.count(`${name}:${caller.id}`)));
    const states = limits.map((limit, index) => ({ ...limit, ...counted[index] }));
    describe(context.switchToHttp().getResponse<Response>(), states);
    const over = states.filter(({ count, perMinute }) => count > perMinute);
    if (over.length === 0) return true;
    throw new AppError('RATE_LIMITED', messageOf(over[0]), {
      retryAfterMs: Math.max(...over.map(({ leftMs }) => leftMs)),
    });
  }

  private limitsOf({ method, path }: Request): Limit[] {
    const { CALLS_PER_MINUTE, UPLOADS_PER_MINUTE } = this.settings;
    const isUpload = method === 'POST' && /^\/(upload|requests|requests\/[^/]+\/rerun)\/?$/i.test(path);
    const limits: Limit[] = [
      { name: 'calls', perMinute: CALLS_PER_MINUTE },
      { name: 'uploads', perMinute: isUpload ? UPLOADS_PER_MINUTE : 0 },
    ];
    return limits.filter(({ perMinute }) => perMinute > 0);
  }
}

/** As the draft "RateLimit header fields for HTTP" of the IETF has them. */
function describe(response: Response, states: (Limit & { count: number; leftMs: number })[]): void {
  const policies = states.map(({ name, perMinute }) => `"${name}";q=${perMinute};w=${MINUTE_SECONDS}`);
  const left = states.map(({ name, perMinute, count, leftMs }) => {
    return `"${name}";r=${Math.max(0, perMinute - count)};t=${Math.min(MINUTE_SECONDS, Math.ceil(leftMs / 1000))}`;
  });
  response.set({ 'RateLimit-Policy': policies.join(', '), RateLimit: left.join(', ') });
}

function messageOf({ name, perMinute }: Limit): string {
  return `This key may make ${perMinute} ${name} a minute; try again after the seconds of Retry-After.`;
}
