import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from '../columns.js';

/** The owner of everything that was made without a key of one; its row is made with the table. */
export const DEFAULT_OWNER_KEY = 1;

/** Whose requests, files, webhooks and results something is: no owner sees, or reuses, what is another's. */
@Entity('owners')
export class OwnerEntity {
  @PrimaryGeneratedColumn({ name: 'owner_key' })
  key!: number;

  @Column('varchar', { length: 64, unique: true })
  name!: string;

  /** 32 random bytes (hexadecimal), from which the addresses of the owner's files are made. Never changes: they would. */
  @Column('varchar', { length: 64 })
  salt!: string;

  @Column(bigInteger('created_at'))
  createdAt!: number;
}
