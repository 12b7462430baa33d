import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import { RequestReader, shownRequestStatus } from '../request-reader.js';
import { LiveListeners } from './live-listeners.js';

const SECOND = 1000;

/** The longest that one call waits, so that no proxy in between gives up; a client that wants more asks again. */
const MAX_WAIT_SECONDS = 60;

const WAIT = /^wait\s*=\s*"?([^"]*)"?$/i;

/** Makes calls wait for the end of a request where their `Prefer: wait=<seconds>` says so (RFC 7240). */
@Injectable()
export class Waiting {
  constructor(
    private readonly reader: RequestReader,
    private readonly listeners: LiveListeners,
  ) {}

  /**
   * The time that a call wants to wait at most, in milliseconds; null where it says nothing of it. More than a minute is a minute.
   * @throws AppError `INVALID_PARAMETER`
   */
  timeOf(prefer: string | undefined): number | null {
    const given = prefer
      ?.split(/[,;]/)
      .map((part) => WAIT.exec(part.trim()))
      .find((match) => match !== null);
    if (!given) return null;
    if (!/^\d{1,9}$/.test(given[1]))
      throw new AppError('INVALID_PARAMETER', 'Prefer: wait must be a whole number of seconds');
    return Math.min(Number(given[1]), MAX_WAIT_SECONDS) * SECOND;
  }

  /**
   * Resolves when the request has ended, the time is over, or the client is gone, and says in `X-Request-Status` how far it
   * is. Does nothing for a call that does not want to wait, and does not wait where too many do: it is a wish.
   * @throws AppError `REQUEST_NOT_FOUND`
   */
  async wait(id: string, waitMs: number | null, response: Response): Promise<void> {
    if (waitMs === null) return;
    const request = await this.reader.get(id);
    if (request.completedAt === null && waitMs > 0)
      await this.untilEnded(id, waitMs, response).catch(unlessBusy);
    response.set('Preference-Applied', `wait=${waitMs / SECOND}`);
    response.set('X-Request-Status', shownRequestStatus(await this.reader.get(id)));
  }

  private async untilEnded(id: string, waitMs: number, response: Response): Promise<void> {
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    response.once('close', leave);
    if (response.closed) leave();
    const over = sleep(waitMs, undefined, { signal: leaving.signal })
      .catch(() => undefined)
      .then(leave);
    try {
      await this.listeners.watching(id, async (watch) => {
        for (;;) {
          const { latest, changed } = watch;
          if (!latest || latest.response.is_final || leaving.signal.aborted) return;
          await Promise.race([changed, over]);
        }
      });
    } finally {
      response.off('close', leave);
      leave();
    }
  }
}

function unlessBusy(error: unknown): void {
  if (!(error instanceof AppError) || error.code !== 'TOO_MANY_LISTENERS') throw error;
}
