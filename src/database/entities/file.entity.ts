import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** `output`: a compressed image; `upload`: a user's file as it came; `source`: an image as it was fetched. */
export type FileKind = 'output' | 'upload' | 'source';

/** `deleting`: being removed. Nothing may refer to it any more, and nothing may be put under its key before its row is gone. */
export type FileState = 'live' | 'deleting';

/**
 * A file of the storage. The row is written before the file, and removed after it, so that there is no file without a row.
 * What refers to files: `outputs`, `kept_files`, and `upload_key` of requests.
 */
@Entity('files', { withoutRowid: true })
@Index('files_by_release', ['state', 'releasedAt'])
@Index('files_by_owner', ['ownerKey', 'kind'])
export class FileEntity {
  /** Its key in the storage. */
  @PrimaryColumn('varchar', { name: 'file_key', length: 255 })
  key!: string;

  @Column('int', { name: 'owner_key' })
  ownerKey!: number;

  @Column('varchar', { length: 16 })
  kind!: FileKind;

  @Column(bigInteger('bytes'))
  bytes!: number;

  @Column('varchar', { name: 'content_type', length: 64 })
  contentType!: string;

  @Column('varchar', { length: 16 })
  state!: FileState;

  @Column(bigInteger('created_at'))
  createdAt!: number;

  /**
   * When the file was stored, or a reference to it went, if there may be no other since. An hour later it is looked whether
   * there is one: if so, this becomes null; if not, the file is deleted.
   */
  @Column(bigInteger('released_at', { nullable: true }))
  releasedAt!: number | null;
}
