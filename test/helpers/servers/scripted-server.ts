import { RawServer } from './raw-server.js';

/** What a server sends, in one part or several. */
export type Answer = (request: string) => string | Buffer | (string | Buffer)[];

/** A server on loopback that answers each request with the very bytes that a test gives. */
export class ScriptedServer {
  answer: Answer = () => '';
  /** Whether the connection is closed after each answer. */
  closes = false;
  private server!: RawServer;

  async listen(): Promise<this> {
    this.server = await RawServer.start((socket, request) => {
      for (const part of [this.answer(request)].flat()) socket.write(part);
      if (/Connection: close/i.test(request) || this.closes) socket.end();
    });
    return this;
  }

  get requests(): string[] {
    return this.server.requests;
  }

  get host(): string {
    return this.server.host;
  }

  get openConnections(): number {
    return this.server.sockets.size;
  }

  close(): void {
    this.server.close();
  }
}
