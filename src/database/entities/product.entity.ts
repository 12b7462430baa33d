import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row of an uploaded file. */
@Entity('products', { withoutRowid: true })
export class ProductEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  /** 1, 2, 3 … in the order of the file. */
  @PrimaryColumn('int')
  number!: number;

  /** Line of the file on which the row begins; the first is 1. */
  @Column('int')
  line!: number;

  @Column('text', { name: 'serial_number' })
  serialNumber!: string;

  @Column('text', { name: 'product_name' })
  productName!: string;

  /** Its images are numbered from here on … */
  @Column('int', { name: 'first_image' })
  firstImage!: number;

  /** … and so many. */
  @Column('int', { name: 'image_count' })
  imageCount!: number;

  /** The cells of further columns of the user's (a JSON list of texts), or null where the file has none. */
  @Column('text', { nullable: true })
  extra!: string | null;
}
