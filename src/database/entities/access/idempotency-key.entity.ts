import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A client's `Idempotency-Key`: a repeated upload with it gets its request again. */
@Entity('idempotency_keys', { withoutRowid: true })
@Index('idempotency_keys_by_request', ['requestKey'])
export class IdempotencyKeyEntity {
  @PrimaryColumn('int', { name: 'owner_key' })
  ownerKey!: number;

  @PrimaryColumn('varchar', { name: 'idempotency_key', length: 255 })
  key!: string;

  @Column('int', { name: 'request_key' })
  requestKey!: number;

  /** SHA-256 (hexadecimal) of what was uploaded under the key, to tell a repetition from a mistake. */
  @Column('varchar', { length: 64, nullable: true })
  digest!: string | null;
}
