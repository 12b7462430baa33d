import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, removeColumn } from './portable/schema.js';

/** The names of results in their addresses. */
export class AddImageNames1767225950000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumn(runner, 'images', { name: 'output_name', type: 'varchar(96)' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeColumn(runner, 'images', 'output_name');
  }
}
