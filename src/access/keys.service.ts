import { Injectable } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { In, MoreThan } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, isDuplicate } from '../database/database.js';
import { ApiKeyEntity } from '../database/entities/access/api-key.entity.js';
import { DEFAULT_OWNER_KEY, OwnerEntity } from '../database/entities/access/owner.entity.js';
import { AppError } from '../errors/app-error.js';
import { isUuid } from '../http/json-formats.js';
import type { Principal, Quotas, Role } from '../http/guards/principal.js';
import { AuditLog } from './audit-log.js';
import { digestOf, Principals } from './principals.js';

/** More than anybody needs: a program that makes keys in a loop stops here. */
const MAX_KEYS = 10_000;

const URGENT = { isUrgent: true };

/** What is said of a new key. */
export interface NewKey {
  name: string;
  role: Role;
  /** The name of its owner; made where there is none. */
  owner?: string;
  quotas?: Quotas;
}

/** A key and the name of its owner. */
export interface KeyOfOwner {
  key: ApiKeyEntity;
  owner: string;
}

/** Who did it, for the audit log. */
type Actor = Pick<Principal, 'id' | 'name'>;

/** Named keys: made, listed, changed, replaced and deleted. */
@Injectable()
export class KeysService {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly audit: AuditLog,
    private readonly principals: Principals,
  ) {}

  /**
   * @returns the key with its text, to be shown once: only a digest is stored
   * @throws AppError `OWNER_MISSING` (400): a key that only reads would have an owner who has nothing
   * @throws AppError `FIRST_KEY_NOT_ADMIN`, `TOO_MANY_KEYS` (409)
   */
  async create({ name, role, owner, quotas }: NewKey, actor: Actor): Promise<KeyOfOwner & { text: string }> {
    if (role === 'read' && owner === undefined) throw new AppError('OWNER_MISSING');
    if (role !== 'admin' && !(await this.principals.hasKeys())) throw new AppError('FIRST_KEY_NOT_ADMIN');
    if ((await this.database.manager.count(ApiKeyEntity)) >= MAX_KEYS) throw new AppError('TOO_MANY_KEYS');
    const id = randomUUID();
    const text = newKeyText();
    const ownerKey =
      owner === undefined && role === 'admin' ? DEFAULT_OWNER_KEY : await this.ownerNamed(owner ?? id);
    const row = { id, name, role, ownerKey, digest: digestOf(text).toString('hex') };
    await this.database.transaction(async (manager) => {
      await manager.insert(ApiKeyEntity, {
        ...row,
        quotas: quotas ? JSON.stringify(quotas) : null,
        createdAt: this.clock.now(),
      });
      await this.audit.add(actor, 'key.create', id, { name, role, owner, quotas }, manager);
    }, URGENT);
    return { ...(await this.get(id)), text };
  }

  /** Up to `limit` keys, in the order in which they were made, beginning after the internal key `after`. */
  async list(limit: number, after: number): Promise<KeyOfOwner[]> {
    const keys = await this.database.manager.find(ApiKeyEntity, {
      where: { key: MoreThan(after) },
      order: { key: 'ASC' },
      take: limit,
    });
    return this.withOwners(keys);
  }

  /** @throws AppError `KEY_NOT_FOUND` */
  async get(id: string): Promise<KeyOfOwner> {
    const key = isUuid(id) && (await this.database.manager.findOneBy(ApiKeyEntity, { id }));
    if (!key) throw new AppError('KEY_NOT_FOUND');
    return (await this.withOwners([key]))[0];
  }

  /**
   * Changes name, role or quotas; quotas are replaced as a whole, null removes them. The owner never changes.
   * @throws AppError `KEY_NOT_FOUND`
   */
  async change(
    id: string,
    changes: { name?: string; role?: Role; quotas?: Quotas | null },
    actor: Actor,
  ): Promise<KeyOfOwner> {
    const { key } = await this.get(id);
    const { name, role, quotas } = changes;
    const columns = {
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      // libsql can't bind a null that is the only parameter (docs/hazards.md).
      ...(quotas === undefined ? {} : { quotas: quotas ? JSON.stringify(quotas) : () => 'NULL' }),
    };
    if (Object.keys(columns).length > 0) {
      await this.database.transaction(async (manager) => {
        await manager.update(ApiKeyEntity, { key: key.key }, columns);
        await this.audit.add(actor, 'key.change', id, changes, manager);
      }, URGENT);
    }
    return this.get(id);
  }

  /** Gives a key a new text: the old one, and every token made with it, is void at once. @throws AppError `KEY_NOT_FOUND` */
  async rotate(id: string, actor: Actor): Promise<KeyOfOwner & { text: string }> {
    const { key } = await this.get(id);
    const text = newKeyText();
    await this.database.transaction(async (manager) => {
      await manager.update(ApiKeyEntity, { key: key.key }, { digest: digestOf(text).toString('hex') });
      await this.audit.add(actor, 'key.rotate', id, null, manager);
    }, URGENT);
    return { ...(await this.get(id)), text };
  }

  /** The key, and every token that was made with it, is void at once. @throws AppError `KEY_NOT_FOUND` */
  async remove(id: string, actor: Actor): Promise<void> {
    const { key, owner } = await this.get(id);
    await this.database.transaction(async (manager) => {
      await manager.delete(ApiKeyEntity, { key: key.key });
      await this.audit.add(actor, 'key.delete', id, { name: key.name, role: key.role, owner }, manager);
    }, URGENT);
  }

  private async withOwners(keys: ApiKeyEntity[]): Promise<KeyOfOwner[]> {
    const owners = await this.database.manager.findBy(OwnerEntity, {
      key: In(keys.map(({ ownerKey }) => ownerKey)),
    });
    const names = new Map(owners.map(({ key, name }) => [key, name]));
    return keys.map((key) => ({ key, owner: names.get(key.ownerKey)! }));
  }

  private async ownerNamed(name: string): Promise<number> {
    const { manager } = this.database;
    const known = await manager.findOneBy(OwnerEntity, { name });
    if (known) return known.key;
    const row = { name, salt: randomBytes(32).toString('hex'), createdAt: this.clock.now() };
    try {
      await this.database.write((own) => own.insert(OwnerEntity, row), URGENT);
    } catch (error) {
      if (!isDuplicate(error)) throw error; // somebody else was quicker
    }
    return (await manager.findOneByOrFail(OwnerEntity, { name })).key;
  }
}

function newKeyText(): string {
  return `ipk_${randomBytes(32).toString('base64url')}`;
}
