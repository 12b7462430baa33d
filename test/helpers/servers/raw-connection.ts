import { connect, type Socket } from 'node:net';
import { until } from '../wait.js';

/** A connection of our own making, for requests that no HTTP client would send. */
export class RawConnection {
  private readonly socket: Socket;
  private text = '';
  private state: 'open' | 'ended' | 'reset' = 'open';

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    this.socket.on('data', (chunk) => (this.text += chunk.toString('latin1')));
    this.socket.on('end', () => (this.state = this.state === 'open' ? 'ended' : this.state));
    this.socket.on('error', () => (this.state = this.state === 'open' ? 'reset' : this.state));
    this.socket.on('close', () => (this.state = this.state === 'open' ? 'ended' : this.state));
  }

  /** What has come back so far. */
  get received(): string {
    return this.text;
  }

  get bytesSent(): number {
    return this.socket.bytesWritten;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  send(...parts: (string | Buffer)[]): void {
    for (const part of parts) this.socket.write(part);
  }

  /** Reads nothing more until {@link resume}. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Says that nothing more is sent; what comes back is still received. */
  finish(): void {
    this.socket.end();
  }

  /** Sends `chunk` again and again, as fast as it is taken, until the other side has had enough or `maxBytes` are sent. */
  async flood(chunk: Buffer, maxBytes: number): Promise<void> {
    while (this.isOpen && this.socket.writable && this.socket.bytesWritten < maxBytes) {
      if (!this.socket.write(chunk))
        await new Promise<void>((resolve) => {
          this.socket
            .once('drain', resolve)
            .once('close', resolve)
            .once('error', () => resolve());
        });
    }
  }

  /** Waits for the other side to close, closes this one too, and says how the other did. */
  async closed(): Promise<'ended' | 'reset'> {
    await until(() => this.state !== 'open');
    this.socket.destroy(); // half open, it would keep the process of the tests
    return this.state as 'ended' | 'reset';
  }

  destroy(): void {
    this.socket.destroy();
  }
}
