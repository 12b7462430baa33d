import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, removeColumn } from './portable/schema.js';

/** The channel that the images of a request are made for. */
export class AddChannels1767225960000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumn(runner, 'requests', { name: 'channel', type: 'varchar(32)' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeColumn(runner, 'requests', 'channel');
  }
}
