import type { MigrationInterface, QueryRunner } from 'typeorm';
import { big, integer, makeIndex, makeTable, textColumns } from './portable/schema.js';

/** Options that owners keep under names. */
export class CreatePresets1767225980000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const { short, text } = textColumns(runner);
    const key = integer('preset_key', {
      isPrimary: true,
      isGenerated: true,
      generationStrategy: 'increment',
    });
    await makeTable(runner, {
      name: 'presets',
      columns: [
        key,
        integer('owner_key'),
        short('name', 64),
        text('options'),
        big('created_at'),
        big('changed_at'),
      ],
    });
    await makeIndex(runner, 'presets', 'presets_by_name', ['owner_key', 'name'], true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('presets', true);
  }
}
