import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigInteger } from '../columns.js';

/** `previous`: an output from before a redo; `source`: what the image was made of. */
export type KeptFileRole = 'previous' | 'source';

/** A file that is kept for an image besides its outputs: a reference to it, as a row of `outputs` is. */
@Entity('kept_files', { withoutRowid: true })
@Index('kept_files_by_file', ['fileKey'])
@Index('kept_files_by_end', ['keptUntil'])
export class KeptFileEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  @PrimaryColumn('int', { name: 'image_number' })
  imageNumber!: number;

  @PrimaryColumn('varchar', { length: 16 })
  role!: KeptFileRole;

  /** Of the rendition; of a source `image`. */
  @PrimaryColumn('varchar', { length: 64 })
  name!: string;

  @Column('varchar', { name: 'file_key', length: 255 })
  fileKey!: string;

  /** The columns of an earlier output, as JSON; null for a source. */
  @Column('text', { nullable: true })
  facts!: string | null;

  /** When it is released; null where something else ends it. */
  @Column(bigInteger('kept_until', { nullable: true }))
  keptUntil!: number | null;
}
