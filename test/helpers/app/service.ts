import { type ChildProcess, spawn } from 'node:child_process';
import { Client } from './client.js';
import { MAIN } from '../paths.js';

const READY_WITHIN_MS = 180_000;

/** The built service as a process of its own, to be killed. */
export class Service {
  private constructor(
    private readonly process: ChildProcess,
    readonly client: Client,
    private readonly output: string[],
  ) {}

  /** Starts it and returns when it listens; `wrapper` is a command that runs the one that follows it, as the same process. */
  static async start(environment: Record<string, string>, wrapper: string[] = []): Promise<Service> {
    const [command, ...parameters] = [...wrapper, process.execPath, MAIN];
    const child = spawn(command, parameters, {
      env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '16', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (reason: string) => {
        clearTimeout(timer);
        reject(new Error(`${reason}:\n${output.join('')}`));
      };
      const timer = setTimeout(() => fail('not ready in time'), READY_WITHIN_MS);
      child.once('close', (code) => fail(`ended with ${code}`));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          output.push(String(chunk));
          const ready = /ready.* (http:\/\/[^\s/"]+)/.exec(output.join(''));
          if (!ready) return;
          clearTimeout(timer);
          resolve(ready[1]);
        });
      }
    });
    return new Service(child, new Client(url), output);
  }

  /** What it printed so far. */
  get log(): string {
    return this.output.join('');
  }

  /** Reads no more of what it prints, as a log collector that has ended. */
  closeLog(): void {
    this.process.stdout!.destroy();
    this.process.stderr!.destroy();
  }

  get pid(): number {
    return this.process.pid!;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Ends it as a power cut would. */
  kill(): Promise<number | null> {
    return this.signal('SIGKILL');
  }

  /** Asks it to end, and returns its exit code when it has. */
  stop(): Promise<number | null> {
    return this.signal('SIGTERM');
  }

  private async signal(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.isRunning) return this.process.exitCode;
    const ended = new Promise<number | null>((resolve) => this.process.once('close', resolve));
    this.process.kill(signal);
    return ended;
  }
}

export { freePort } from '../../../scripts/free-port.mjs';
