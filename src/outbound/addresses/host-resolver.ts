import { lookup } from 'node:dns/promises';

/** Turns host names into addresses. A port, so that tests can answer without a name server. */
export abstract class HostResolver {
  /**
   * All addresses of a name, in the order in which they should be tried.
   * @throws the system's error where there are none
   */
  abstract resolve(hostName: string): Promise<string[]>;
}

/** Asks the operating system, as every other program on the machine does (`/etc/hosts` included). */
export class SystemHostResolver extends HostResolver {
  // The system's resolver blocks a thread per question: 128 downloads from one host ask once.
  private readonly inFlight = new Map<string, Promise<string[]>>();

  resolve(hostName: string): Promise<string[]> {
    const asked = this.inFlight.get(hostName);
    if (asked) return asked;
    const answer = ask(hostName).finally(() => this.inFlight.delete(hostName));
    this.inFlight.set(hostName, answer);
    return answer;
  }
}

async function ask(hostName: string): Promise<string[]> {
  const answers = await lookup(hostName, { all: true });
  return answers.map(({ address }) => address);
}
