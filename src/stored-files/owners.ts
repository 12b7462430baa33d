import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { OwnerEntity } from '../database/entities/access/owner.entity.js';

/** What is known of owners, and never changes. */
@Injectable()
export class Owners {
  private readonly salts = new Map<number, string>();

  constructor(private readonly database: Database) {}

  /** From which the addresses of the owner's files are made: 32 random bytes, hexadecimal. */
  async saltOf(ownerKey: number): Promise<string> {
    const known = this.salts.get(ownerKey);
    if (known) return known;
    const { salt } = await this.database.manager.findOneByOrFail(OwnerEntity, { key: ownerKey });
    this.salts.set(ownerKey, salt);
    return salt;
  }
}
