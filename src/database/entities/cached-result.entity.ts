import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** What became of some bytes when they were compressed with some options. */
@Entity('cached_results', { withoutRowid: true })
@Index('cached_results_by_use', ['usedAt'])
@Index('cached_results_by_output', ['outputKey'])
export class CachedResultEntity {
  /** SHA-256 (hexadecimal) of the owner, the bytes' own SHA-256 and the options. */
  @PrimaryColumn('varchar', { length: 64 })
  id!: string;

  @Column('int', { name: 'owner_key', default: 1 })
  ownerKey!: number;

  /** The version of the engine that made it; null of versions before this column. */
  @Column('int', { name: 'engine_version', nullable: true })
  engineVersion!: number | null;

  /** A stored file with the compressed bytes (`FileEntity`). */
  @Column('varchar', { name: 'output_key', length: 255 })
  outputKey!: string;

  /** Everything else that a settlement says of the result, as JSON. */
  @Column('text')
  facts!: string;

  @Column(bigInteger('used_at'))
  usedAt!: number;
}
