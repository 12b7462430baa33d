import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, removeColumn } from './portable/schema.js';

/** The URLs that stand in the file, of images that were retried at another one. */
export class AddFileUrls1767225965000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumn(runner, 'images', { name: 'file_url', type: 'text' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeColumn(runner, 'images', 'file_url');
  }
}
