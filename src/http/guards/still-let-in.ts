import { AppError } from '../../errors/app-error.js';
import type { FindPrincipal, Principal } from './principal.js';

/** For so long an answer holds for all calls with the same key: a thousand streams of one key are one look-up. */
const REMEMBERED_MS = 1_000;

/** Whether those whose calls go on for minutes would be let in now as well. */
export class StillLetIn {
  private readonly found = new Map<string, Promise<Principal | null>>();

  constructor(private readonly principals: FindPrincipal) {}

  /**
   * Whether a key, or token, still stands for the same caller: not where it was deleted, replaced or has expired, or where its
   * role is another. Never rejects: while the database is away, nobody is sent away.
   */
  async has(credential: string | undefined, was: Principal): Promise<boolean> {
    try {
      const now = await this.find(credential ?? '');
      return now !== null && now.id === was.id && now.role === was.role;
    } catch (error) {
      return !(error instanceof AppError) || error.status >= 500;
    }
  }

  private find(credential: string): Promise<Principal | null> {
    const known = this.found.get(credential);
    if (known) return known;
    const looked = this.look(credential);
    this.found.set(credential, looked);
    setTimeout(() => this.found.delete(credential), REMEMBERED_MS).unref();
    return looked;
  }

  private async look(credential: string): Promise<Principal | null> {
    const anyone = await this.principals.anonymous();
    return anyone ?? (credential === '' ? null : this.principals.find(credential));
  }
}
