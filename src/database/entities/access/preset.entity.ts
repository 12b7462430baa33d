import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from '../columns.js';

/** Options that an owner keeps under a name. Requests store what came of them, and do not refer to it. */
@Entity('presets')
@Index('presets_by_name', ['ownerKey', 'name'], { unique: true })
export class PresetEntity {
  @PrimaryGeneratedColumn({ name: 'preset_key' })
  key!: number;

  @Column('int', { name: 'owner_key' })
  ownerKey!: number;

  @Column('varchar', { length: 64 })
  name!: string;

  /** `PresetPictures` as JSON. */
  @Column('text')
  options!: string;

  @Column(bigInteger('created_at'))
  createdAt!: number;

  /** When it last became another one. */
  @Column(bigInteger('changed_at'))
  changedAt!: number;
}
