import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, type AddedColumn, makeIndex, removeColumn, removeIndex } from './portable/schema.js';

const ADDED: Record<string, AddedColumn[]> = {
  requests: [
    { name: 'token_id', type: 'varchar(32)' },
    { name: 'usage_images', type: 'integer', default: 0 },
    { name: 'usage_input_bytes', type: 'bigint', default: 0 },
    { name: 'usage_output_bytes', type: 'bigint', default: 0 },
  ],
  usage_days: [{ name: 'accepted_images', type: 'integer', default: 0 }],
};

/** Admins see the requests of all owners: pages of those in one state, or with one outcome. */
const INDEXES: [table: string, name: string, columns: string[]][] = [
  ['requests', 'requests_by_status', ['status', 'created_at', 'request_key']],
  ['requests', 'requests_by_outcome', ['outcome', 'created_at', 'request_key']],
];

/** What quotas and usage count, and which token made a request. */
export class AddAccess1767225870000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED))
      for (const column of columns) await addColumn(runner, table, column);
    for (const [table, name, columns] of INDEXES) await makeIndex(runner, table, name, columns);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, name] of INDEXES) await removeIndex(runner, table, name);
    for (const [table, columns] of Object.entries(ADDED))
      for (const { name } of columns) await removeColumn(runner, table, name);
  }
}
