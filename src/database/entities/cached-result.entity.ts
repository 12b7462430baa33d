import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** What became of some bytes when they were compressed with some options. */
@Entity('cached_results', { withoutRowid: true })
@Index('cached_results_by_use', ['usedAt'])
export class CachedResultEntity {
  /** SHA-256 (hexadecimal) of the bytes' own SHA-256, the version of the engine and the options. */
  @PrimaryColumn('varchar', { length: 64 })
  id!: string;

  /** A stored file with the compressed bytes: the output of the latest request that used them. */
  @Column('varchar', { name: 'output_key', length: 255 })
  outputKey!: string;

  /** Everything else that a settlement says of the result, as JSON. */
  @Column('text')
  facts!: string;

  @Column(bigInteger('used_at'))
  usedAt!: number;
}
