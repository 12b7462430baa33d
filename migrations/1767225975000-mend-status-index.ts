import type { MigrationInterface, QueryRunner } from 'typeorm';
import { makeIndex, removeIndex } from './portable/schema.js';

/**
 * Lists of requests in one state, for admins: `AddAccess` meant to make this index under a name that the first version gave to another one,
 * and so made none.
 */
export class MendStatusIndex1767225975000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await makeIndex(runner, 'requests', 'requests_by_state', ['status', 'created_at', 'request_key']);
    await removeIndex(runner, 'requests', 'requests_by_status');
  }

  async down(runner: QueryRunner): Promise<void> {
    await makeIndex(runner, 'requests', 'requests_by_status', ['status']);
    await removeIndex(runner, 'requests', 'requests_by_state');
  }
}
