import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigInteger } from '../columns.js';

/** What an owner's requests that were completed on one day took. Stays when they are deleted. */
@Entity('usage_days', { withoutRowid: true })
export class UsageDayEntity {
  @PrimaryColumn('int', { name: 'owner_key' })
  ownerKey!: number;

  /** `2026-01-31` (UTC). */
  @PrimaryColumn('varchar', { length: 10 })
  day!: string;

  @Column('int', { default: 0 })
  requests!: number;

  /** Images of the requests that were taken on that day, whatever became of them: what quotas count. */
  @Column('int', { name: 'accepted_images', default: 0 })
  acceptedImages!: number;

  /** Done images. */
  @Column('int', { default: 0 })
  images!: number;

  @Column(bigInteger('input_bytes', { default: 0 }))
  inputBytes!: number;

  @Column(bigInteger('output_bytes', { default: 0 }))
  outputBytes!: number;
}
