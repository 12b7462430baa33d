import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from '../columns.js';

/** Who deleted or changed what, and when. */
@Entity('audit_lines')
export class AuditLineEntity {
  @PrimaryGeneratedColumn({ name: 'line_key' })
  key!: number;

  @Column(bigInteger('happened_at'))
  happenedAt!: number;

  @Column('varchar', { length: 255 })
  actor!: string;

  @Column('varchar', { length: 64 })
  action!: string;

  @Column('varchar', { length: 255 })
  subject!: string;

  /** As JSON. */
  @Column('text', { nullable: true })
  details!: string | null;
}
