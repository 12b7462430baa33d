import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { HostResolver, SystemHostResolver } from './addresses/host-resolver.js';
import { FileDownloader } from './download/file-downloader.js';
import { MessagePoster } from './message-poster.js';
import { OutboundAgents } from './outbound-agents.js';

/** The guarded way out, for everything that fetches or calls an address that a user gave. */
@Module({
  imports: [HttpModule],
  providers: [
    OutboundAgents,
    FileDownloader,
    MessagePoster,
    { provide: HostResolver, useClass: SystemHostResolver },
  ],
  exports: [OutboundAgents, FileDownloader, MessagePoster],
})
export class OutboundModule {}
