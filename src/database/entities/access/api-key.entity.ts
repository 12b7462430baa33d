import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from '../columns.js';

/** A key that an owner's programs call with. */
@Entity('api_keys')
@Index('api_keys_by_owner', ['ownerKey'])
export class ApiKeyEntity {
  @PrimaryGeneratedColumn({ name: 'api_key' })
  key!: number;

  @Column('varchar', { length: 36, unique: true })
  id!: string;

  @Column('int', { name: 'owner_key' })
  ownerKey!: number;

  @Column('varchar', { length: 255 })
  name!: string;

  @Column('varchar', { length: 16 })
  role!: 'read' | 'write' | 'admin';

  /** SHA-256 (hexadecimal) of the key itself, which is not stored. */
  @Column('varchar', { length: 64, unique: true })
  digest!: string;

  /** As JSON; null where there are none. */
  @Column('text', { nullable: true })
  quotas!: string | null;

  @Column(bigInteger('created_at'))
  createdAt!: number;

  @Column(bigInteger('used_at', { nullable: true }))
  usedAt!: number | null;
}
