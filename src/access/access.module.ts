import { Global, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ApiKeyGuard } from '../http/guards/api-key.guard.js';
import { FindPrincipal } from '../http/guards/principal.js';
import { AuditController } from './api/audit.controller.js';
import { KeysController } from './api/keys.controller.js';
import { UsageController } from './api/usage.controller.js';
import { AuditInterceptor } from './audit.interceptor.js';
import { AuditLog } from './audit-log.js';
import { CallCounter } from './call-counter.js';
import { KeysService } from './keys.service.js';
import { Principals } from './principals.js';
import { QuotaKeeper } from './quotas.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { ScopeGuard } from './scope.guard.js';
import { Tokens } from './tokens.js';

/** Who may do what, how often, and how much of it. The guards stand in the order in which they run. */
@Global()
@Module({
  controllers: [KeysController, UsageController, AuditController],
  providers: [
    Principals,
    { provide: FindPrincipal, useExisting: Principals },
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: ScopeGuard },
    { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
    Tokens,
    KeysService,
    AuditLog,
    CallCounter,
    QuotaKeeper,
  ],
  exports: [Tokens, QuotaKeeper, AuditLog],
})
export class AccessModule {}
