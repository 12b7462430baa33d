import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** What was behind a URL the last time, and how to ask its server whether that is still so. */
@Entity('cached_sources', { withoutRowid: true })
@Index('cached_sources_by_use', ['usedAt'])
export class CachedSourceEntity {
  /** SHA-256 (hexadecimal) of the URL. */
  @PrimaryColumn('varchar', { length: 64 })
  id!: string;

  /** The URL that answered, after redirects: the validators are those of its server. */
  @Column('text')
  url!: string;

  @Column('varchar', { length: 255, nullable: true })
  etag!: string | null;

  @Column('varchar', { name: 'last_modified', length: 64, nullable: true })
  lastModified!: string | null;

  /** SHA-256 (hexadecimal) of the bytes. */
  @Column('varchar', { length: 64 })
  content!: string;

  @Column(bigInteger('used_at'))
  usedAt!: number;
}
