import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The name of the rendition that every image has. */
export const MAIN_RENDITION = 'image';

/** What was made of an image: one file, and how it came out. A done image has one for each rendition that was asked for. */
@Entity('outputs', { withoutRowid: true })
@Index('outputs_by_file', ['fileKey'])
export class OutputEntity {
  @PrimaryColumn('int', { name: 'request_key' })
  requestKey!: number;

  @PrimaryColumn('int', { name: 'image_number' })
  imageNumber!: number;

  /** Of the rendition: {@link MAIN_RENDITION}, or one that the upload named. */
  @PrimaryColumn('varchar', { length: 64 })
  name!: string;

  /** A reference to a file (`FileEntity`); other outputs may have the same. */
  @Column('varchar', { name: 'file_key', length: 255 })
  fileKey!: string;

  @Column('int')
  bytes!: number;

  @Column('varchar', { length: 16 })
  format!: string;

  /** Upright, in pixels. */
  @Column('int')
  width!: number;

  /** Upright, in pixels. */
  @Column('int')
  height!: number;

  /** Encoder quality used, 1 to 100; null where the format has none, or the original was kept. */
  @Column('int', { nullable: true })
  quality!: number | null;

  /** Similarity of the output to the input, in ten-thousandths; null where it was not measured. */
  @Column('int', { nullable: true })
  similarity!: number | null;

  /** From the bytes of the input to those of the output; 0 where an earlier result was reused. */
  @Column('int')
  milliseconds!: number;

  /** What was left out or could not be done, separated by commas. */
  @Column('text', { nullable: true })
  notes!: string | null;
}
