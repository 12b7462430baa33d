import type { MigrationInterface, QueryRunner } from 'typeorm';
import { big, makeTable, textColumns } from './portable/schema.js';

/** Which processes work on images. */
export class CreateWorkers1767225900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const { short } = textColumns(runner);
    await makeTable(runner, {
      name: 'workers',
      columns: [short('id', 36, { isPrimary: true }), short('host', 255), big('started_at'), big('seen_at')],
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('workers', true);
  }
}
