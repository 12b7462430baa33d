import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, removeColumn } from './portable/schema.js';

/** The names of results in their addresses, the channel that they are made for, and the URLs in the file of images retried at another one. */
export class AddResultColumns1767225950000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumn(runner, 'images', { name: 'output_name', type: 'varchar(96)' });
    await addColumn(runner, 'images', { name: 'file_url', type: 'text' });
    await addColumn(runner, 'requests', { name: 'channel', type: 'varchar(32)' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeColumn(runner, 'requests', 'channel');
    await removeColumn(runner, 'images', 'file_url');
    await removeColumn(runner, 'images', 'output_name');
  }
}
