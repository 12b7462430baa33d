import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, type AddedColumn, removeColumn } from './portable/schema.js';

const ADDED: Record<string, AddedColumn[]> = {
  requests: [
    { name: 'rows_without_images', type: 'integer', default: 0 },
    { name: 'image_headers', type: 'text' },
  ],
  faults: [
    { name: 'serial_number', type: 'text' },
    { name: 'product_name', type: 'text' },
  ],
};

/** Headers for images behind a login, rows without images, and the names of rows that were left out. */
export class AddImageHeaders1767225800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED))
      for (const column of columns) await addColumn(runner, table, column);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED))
      for (const { name } of columns) await removeColumn(runner, table, name);
  }
}
