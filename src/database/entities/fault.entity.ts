import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TableFaultCode } from '../../errors/table-codes.js';

/** Something in an uploaded file that could not be taken, where the user asked to leave such rows out. */
@Entity('faults', { withoutRowid: true })
export class FaultEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  /** 1, 2, 3 … in the order of the file. */
  @PrimaryColumn('int')
  number!: number;

  /** Line of the file on which the row begins; the first is 1. */
  @Column('int')
  line!: number;

  /** Name of the column as the user wrote it; null where it is about the whole row. */
  @Column('text', { name: 'column_name', nullable: true })
  column!: string | null;

  /** Of the row that was left out; null where it is not known. */
  @Column('text', { name: 'serial_number', nullable: true })
  serialNumber!: string | null;

  @Column('text', { name: 'product_name', nullable: true })
  productName!: string | null;

  /** The text at fault, cut to 80 characters. */
  @Column('text')
  value!: string;

  @Column('varchar', { length: 32 })
  code!: TableFaultCode;

  /** What to do about it. */
  @Column('varchar', { length: 255 })
  hint!: string;
}
