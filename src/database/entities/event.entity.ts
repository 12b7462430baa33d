import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigInteger } from './columns.js';

/** Something that happened. Written in the transaction that caused it (`Outbox`); what passes it on has rows of its own. */
@Entity('webhook_events')
export class EventEntity {
  @PrimaryGeneratedColumn({ name: 'event_key' })
  key!: number;

  /** The `webhook-id` of every try: `evt_` and random characters. */
  @Column('varchar', { length: 64, unique: true })
  id!: string;

  @Column('varchar', { length: 32 })
  type!: string;

  /** Null where it is about no request. */
  @Column('int', { name: 'request_key', nullable: true })
  requestKey!: number | null;

  /** What clients know the request by. */
  @Column('varchar', { name: 'request_id', length: 36, nullable: true })
  requestId!: string | null;

  /** The run of the request in which it happened: an event is unique by request, run, type and image. */
  @Column('int', { default: 1 })
  run!: number;

  /** The image it is about; 0 where it is about the whole request. */
  @Column('int', { name: 'image_number', default: 0 })
  imageNumber!: number;

  /** JSON, to be sent byte for byte. */
  @Column('text')
  body!: string;

  @Column(bigInteger('created_at'))
  createdAt!: number;
}
