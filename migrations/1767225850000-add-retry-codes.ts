import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, removeColumn } from './portable/schema.js';

/** Which failed images a retry is for, so that it can be gone on with after its process has died. */
export class AddRetryCodes1767225850000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumn(runner, 'requests', { name: 'retry_codes', type: 'text' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeColumn(runner, 'requests', 'retry_codes');
  }
}
