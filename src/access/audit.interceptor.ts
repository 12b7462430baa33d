import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { mergeMap, type Observable } from 'rxjs';
import { principalOf } from '../http/guards/principal.js';
import { AuditLog } from './audit-log.js';

/** Calls whose line is written together with what they do. */
const WRITTEN_ELSEWHERE = /^\/keys\//i;

/** Writes a line of the audit log for each call that deleted something, on every route. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly log: AuditLog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const caller = principalOf(request);
    if (request.method !== 'DELETE' || !caller || WRITTEN_ELSEWHERE.test(request.path)) return next.handle();
    const [, things = '', id = ''] = request.path.split('/');
    const action = `${things.replace(/s$/, '')}.delete`.slice(0, 64);
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        await this.log.add(caller, action, id);
        return answer;
      }),
    );
  }
}
