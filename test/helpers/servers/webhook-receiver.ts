import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';

/** A message as it arrived. */
export interface Received {
  path: string;
  headers: Record<string, string>;
  /** The raw body. */
  text: string;
  /** When it was there as a whole: by the receiver's clock, in milliseconds. */
  receivedAt: number;
}

type Reply = number | ((request: IncomingMessage, response: ServerResponse) => void);

/** A real receiver on 127.0.0.1 that keeps what it gets; each path has its status or its handler, any other a 204. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url!;
      const headers = request.headers as Record<string, string>;
      this.received.push({ path, headers, text: Buffer.concat(chunks).toString(), receivedAt: Date.now() });
      const reply = this.replies[path] ?? 204;
      if (typeof reply === 'function') reply(request, response);
      else response.writeHead(reply).end();
    });
  });

  private constructor(readonly replies: Record<string, Reply>) {}

  static async start(replies: Record<string, Reply> = {}): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(replies);
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  url(path: string): string {
    const { port } = this.server.address() as { port: number };
    return `http://127.0.0.1:${port}${path}`;
  }

  at(path: string): Received[] {
    return this.received.filter((message) => message.path === path);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

/**
 * What a message says, if the specification's own verifier accepts it; throws if not.
 * @param now the receiver's clock, in milliseconds; without it, as it was when the message came
 */
export function verified(message: Received, secret: string, now = message.receivedAt): any {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
  try {
    return new Webhook(secret).verify(message.text, message.headers);
  } finally {
    clock.mockRestore();
  }
}
