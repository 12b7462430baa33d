import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The images of a request that are on one host. */
@Entity('request_hosts', { withoutRowid: true })
export class RequestHostEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  /** 1, 2, 3 … in the order in which the hosts occur in the file. */
  @PrimaryColumn('int')
  number!: number;

  /**
   * As `hostAndPort` (`outbound/parse-url.ts`) gives it. Empty for URLs without a host, and for all further hosts of a file
   * with more than 100,000: images of that row may be of several.
   */
  @Column('varchar', { length: 255 })
  host!: string;

  @Column('int', { name: 'image_count', default: 0 })
  imageCount!: number;

  /** Images `pending`, `waiting` or `processing`; not those that repeat another. */
  @Column('int', { name: 'open_count', default: 0 })
  openCount!: number;
}
