import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, removeColumn } from './portable/schema.js';

/** The further forms in which the images of a request are made, and the bytes of these. */
export class AddRenditions1767225970000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumn(runner, 'requests', { name: 'renditions', type: 'text' });
    await addColumn(runner, 'requests', { name: 'rendition_bytes', type: 'bigint', default: 0 });
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeColumn(runner, 'requests', 'rendition_bytes');
    await removeColumn(runner, 'requests', 'renditions');
  }
}
