import { Global, Module } from '@nestjs/common';
import { Outbox } from './outbox.js';

/** Records what happens; other modules read it and pass it on. */
@Global()
@Module({ providers: [Outbox], exports: [Outbox] })
export class EventsModule {}
