import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { GuardedHttp } from './guarded-http.js';
import { HostResolver, SystemHostResolver } from './addresses/host-resolver.js';

/** The guarded way out, for whatever fetches or calls an address that a user gave. */
@Module({
  imports: [HttpModule],
  providers: [GuardedHttp, { provide: HostResolver, useClass: SystemHostResolver }],
  exports: [GuardedHttp],
})
export class OutboundModule {}
