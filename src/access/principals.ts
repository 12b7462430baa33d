import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import { settings, type Settings } from '../config/settings.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, isDatabaseAway } from '../database/database.js';
import { ApiKeyEntity } from '../database/entities/access/api-key.entity.js';
import { DEFAULT_OWNER_KEY } from '../database/entities/access/owner.entity.js';
import { AppError } from '../errors/app-error.js';
import { FindPrincipal, type Principal, type Quotas, TOKEN_PREFIX } from '../http/guards/principal.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { Tokens } from './tokens.js';

const MINUTE_MS = 60_000;

/** The name of the keys in the settings, and the start of their ids, which end with a part of their digests. */
const OF_SETTINGS = 'API_KEYS';

const SETTINGS_PRINCIPAL: Principal = {
  ...{ id: OF_SETTINGS, name: OF_SETTINGS, signer: '', role: 'admin', ownerKey: DEFAULT_OWNER_KEY },
  ...{ seesAll: true, quotas: {}, token: null },
};

const ANONYMOUS: Principal = { ...SETTINGS_PRINCIPAL, id: 'anonymous', name: 'anonymous' };

/**
 * Who calls: by a key of `API_KEYS`, by a row of `api_keys`, or by an upload token, which is looked up by its key. The database
 * is asked at each call, so that a key which is deleted is dead at once, in every process.
 */
@Injectable()
export class Principals extends FindPrincipal {
  private readonly ofSettings: { digest: Buffer; id: string }[];
  /** When the last use of a key was written down. */
  private readonly usedAt = new Map<number, number>();
  private readonly warning = new RepeatedWarning(new Logger(Principals.name));
  private hadKeys?: boolean;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly tokens: Tokens,
    @Inject(settings.KEY) { API_KEYS }: Settings,
  ) {
    super();
    this.ofSettings = API_KEYS.map((key) => {
      const digest = digestOf(key);
      return { digest, id: `${OF_SETTINGS}:${digest.toString('hex', 0, 8)}` };
    });
  }

  async anonymous(): Promise<Principal | null> {
    return (await this.hasKeys()) ? null : ANONYMOUS;
  }

  async find(credential: string): Promise<Principal | null> {
    if (credential.startsWith(TOKEN_PREFIX)) return this.ofToken(credential);
    const digest = digestOf(credential);
    // Digests have one length, and all are compared, so that the time tells nothing.
    const place = this.ofSettings.map((key) => timingSafeEqual(key.digest, digest)).indexOf(true);
    if (place >= 0) return this.principalOfSettings(this.ofSettings[place].id);
    const key = await this.database.manager.findOneBy(ApiKeyEntity, { digest: digest.toString('hex') });
    if (!key) return null;
    this.noteUse(key);
    return principalOf(key);
  }

  /** Whether anything but anonymous calls is possible; while the database is away, whether it was. */
  async hasKeys(): Promise<boolean> {
    if (this.ofSettings.length > 0) return true;
    try {
      const rows = await this.database.manager.query<unknown[]>('SELECT 1 FROM api_keys LIMIT 1');
      this.hadKeys = rows.length > 0;
    } catch (error) {
      // What needs the database fails by itself; what does not, such as /metrics, must still answer.
      if (this.hadKeys === undefined || !isDatabaseAway(error)) throw error;
    }
    return this.hadKeys;
  }

  /** A token has the rights of its key as they are now, within its bounds, and none without the key. */
  private async ofToken(credential: string): Promise<Principal | null> {
    const token = this.tokens.open(credential);
    if (!token) return null;
    const key = await this.signerOf(token.signer);
    if (!key) return null;
    if (token.expiresAt <= this.clock.now()) throw new AppError('TOKEN_EXPIRED');
    return { ...key, id: `token:${token.bounds.id}`, signer: '', seesAll: false, token: token.bounds };
  }

  private async signerOf(signer: string): Promise<Principal | null> {
    if (signer.startsWith(`${OF_SETTINGS}:`))
      return this.ofSettings.some(({ id }) => id === signer) ? this.principalOfSettings(signer) : null;
    const key = await this.database.manager.findOneBy(ApiKeyEntity, { id: signer.split(':')[0] });
    return key && signerOf(key) === signer ? principalOf(key) : null;
  }

  private principalOfSettings(id: string): Principal {
    return { ...SETTINGS_PRINCIPAL, id, signer: id };
  }

  /** To the minute, and nobody waits for it. */
  private noteUse({ key }: ApiKeyEntity): void {
    const now = this.clock.now();
    if (now - (this.usedAt.get(key) ?? 0) < MINUTE_MS) return;
    this.usedAt.set(key, now);
    this.database
      .write((manager) => manager.update(ApiKeyEntity, { key }, { usedAt: now }))
      .catch((error: unknown) =>
        this.warning.warn(`the use of a key was not noted: ${(error as Error).message}`),
      );
  }
}

/** SHA-256 of a key, which is what is stored of it. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function principalOf(key: ApiKeyEntity): Principal {
  const { id, name, role, ownerKey } = key;
  const quotas = key.quotas === null ? {} : (JSON.parse(key.quotas) as Quotas);
  const seesAll = role === 'admin';
  return { id, name, signer: signerOf(key), role, ownerKey, seesAll, quotas, token: null };
}

/** With a part of its digest: a key that was given a new text has no more to do with the tokens of the old one. */
function signerOf({ id, digest }: ApiKeyEntity): string {
  return `${id}:${digest.slice(0, 16)}`;
}
