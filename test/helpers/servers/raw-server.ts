import net, { type AddressInfo, type Socket } from 'node:net';

/** What is done with the socket of a request; `request` is its text, byte for byte. */
export type RawAnswer = (socket: Socket, request: string) => void;

/** A server on loopback that sees the very bytes of each request, and answers with whatever is written to the socket. */
export class RawServer {
  /** The text of each request, in the order in which they came. */
  readonly requests: string[] = [];
  /** The connections that are open. */
  readonly sockets = new Set<Socket>();
  private readonly server = net.createServer((socket) => this.serve(socket));

  private constructor(private readonly answer: RawAnswer) {}

  static async start(answer: RawAnswer): Promise<RawServer> {
    const started = new RawServer(answer);
    await new Promise<void>((resolve) => started.server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  /** Address and port. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The first bytes of the next connection. */
  firstBytes(): Promise<{ socket: Socket; data: Buffer }> {
    return new Promise((resolve) => {
      this.server.once('connection', (socket: Socket) =>
        socket.once('data', (data: Buffer) => resolve({ socket, data })),
      );
    });
  }

  closeConnections(): void {
    this.sockets.forEach((socket) => socket.destroy());
  }

  /** Closes all connections as well. */
  close(): void {
    this.server.close();
    this.closeConnections();
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket)));
    socket.on('data', (data) => {
      const request = data.toString('latin1');
      this.requests.push(request);
      this.answer(socket, request);
    });
  }
}
