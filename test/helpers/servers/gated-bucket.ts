import { createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** Stands before an object storage, lets some files be stored, and holds all that come after them. */
export class GatedBucket {
  /** Files that are held, and that were stored before them. */
  held = 0;
  stored = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(endpoint: string, allowed: number): Promise<GatedBucket> {
    const server = createServer((request, response) => {
      // The check at the start stores a file, too.
      const isFile = request.method === 'PUT' && !request.url!.includes('/check/');
      if (isFile && --allowed < 0) return void gate.held++;
      // With its headers as they are: they are signed.
      const { method, url, headers } = request;
      const onward = send(new URL(url!, endpoint), { method, headers }, (answer) => {
        if (isFile && answer.statusCode === 200) gate.stored++;
        response.writeHead(answer.statusCode!, answer.headers);
        pipeline(answer, response, () => undefined);
      });
      pipeline(request, onward, () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const gate = new GatedBucket(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return gate;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
