import { HttpService } from '@nestjs/axios';
import type { Settings } from '../../../src/config/settings.js';
import { HostResolver } from '../../../src/outbound/addresses/host-resolver.js';
import { FileDownloader } from '../../../src/outbound/download/file-downloader.js';
import { MessagePoster } from '../../../src/outbound/message-poster.js';
import { OutboundAgents } from '../../../src/outbound/outbound-agents.js';

/** All that opens connections to addresses of users, as the application has it. */
export interface OutboundClients {
  agents: OutboundAgents;
  downloader: FileDownloader;
  poster: MessagePoster;
}

/** Every name is this machine. */
export class LocalResolver extends HostResolver {
  resolve(): Promise<string[]> {
    return Promise.resolve(['127.0.0.1']);
  }
}

export function outboundClients(
  settings: Settings,
  resolver: HostResolver = new LocalResolver(),
): OutboundClients {
  const agents = new OutboundAgents(settings, resolver);
  return {
    agents,
    downloader: new FileDownloader(agents, settings),
    poster: new MessagePoster(new HttpService(), agents, settings),
  };
}

/** What `call` failed with, or the text "no failure". */
export function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}
