import { Global, Module } from '@nestjs/common';
import { Outbox } from './outbox.js';

/** What happens is recorded here, for whoever passes it on. */
@Global()
@Module({ providers: [Outbox], exports: [Outbox] })
export class EventsModule {}
