import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** A process that works on images, as long as it says so; with a server as database only. */
@Entity('workers', { withoutRowid: true })
export class WorkerEntity {
  /** Made anew at each start. */
  @PrimaryColumn('varchar', { length: 36 })
  id!: string;

  /** The name of its machine or container. */
  @Column('varchar', { length: 255 })
  host!: string;

  @Column(bigInteger('started_at'))
  startedAt!: number;

  /** When it last said that it works. */
  @Column(bigInteger('seen_at'))
  seenAt!: number;
}
