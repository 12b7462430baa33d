import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import express, { type Request, type Response } from 'express';
import { AppError } from '../../errors/app-error.js';
import { askForBody, hasBody } from '../request-body.js';

const KIBIBYTE = 1024;
/** Lists and objects within each other. */
export const MAX_JSON_LEVELS = 32;

/**
 * Reads the JSON body of a route that takes one. No other route reads a body, and this one only after the guards of the
 * application, so that nothing is read from callers without a key. An empty body stays `undefined`.
 *
 * @throws AppError `MEDIA_TYPE_NOT_SUPPORTED` (415): a body of another type; refused, rather than ignored
 * @throws AppError `JSON_TOO_DEEP`; what the parser throws has a `status` below 500 and a `type`
 */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  protected readonly parse = express.json({ limit: 100 * KIBIBYTE });

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!hasBody(request)) return true;
    if (!request.is('application/json')) throw new AppError('MEDIA_TYPE_NOT_SUPPORTED');
    askForBody(request);
    await this.read(request, context.switchToHttp().getResponse<Response>());
    this.check(request);
    return true;
  }

  protected check({ body }: Request): void {
    if (isDeeperThan(MAX_JSON_LEVELS, body)) throw new AppError('JSON_TOO_DEEP');
  }

  private read(request: Request, response: Response): Promise<void> {
    return new Promise((resolve, reject) =>
      this.parse(request, response, (error?: unknown) => (error ? reject(error as Error) : resolve())),
    );
  }
}

/** Level by level, without recursion: work and memory grow with the number of values only. */
function isDeeperThan(maxLevels: number, json: unknown): boolean {
  let level = [json].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxLevels) return true;
    level = level.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
