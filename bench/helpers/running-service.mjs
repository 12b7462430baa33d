import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { processEnvironment } from '../../dist/src/config/process-environment.js';
import { MAIN } from '../../scripts/prepare.mjs';

const PROBE = new URL('./event-loop-probe.mjs', import.meta.url).href;

/** The built service in a process of its own, with a fresh data folder; tells its memory and its event loop's gaps. */
export class RunningService {
  static async start(environment = {}) {
    const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-bench-'));
    const child = spawn(process.execPath, ['--import', PROBE, MAIN], {
      env: { ...processEnvironment(), DATA_DIR: folder, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const url = await new Promise((resolve, reject) => {
      let text = '';
      child.once('exit', () => reject(new Error(`the service ended:\n${text}`)));
      child.stdout.on('data', (chunk) => {
        text += chunk;
        const ready = /ready.* (http:\/\/[^\s/]+)/.exec(text);
        if (ready) resolve(ready[1]);
      });
    });
    return new RunningService(child, url, folder);
  }

  constructor(child, url, folder) {
    Object.assign(this, { child, url, folder });
  }

  /** Resident memory now, and the most so far, in MB. */
  memory() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const megabytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
    return { now: megabytes('VmRSS'), most: megabytes('VmHWM') };
  }

  /** CPU of all its threads so far, in seconds. */
  cpuSeconds() {
    const [, text] = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ');
    const fields = text.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100; // ticks of user and system, a hundred a second
  }

  /** The longest gap of the event loop since the last call, in ms. */
  longestGap() {
    const answer = new Promise((resolve) =>
      this.child.once('message', ({ longestGapMs }) => resolve(longestGapMs)),
    );
    this.child.send('longest gap');
    return answer;
  }

  async kill() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
