import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  addColumn,
  big,
  integer,
  makeTable,
  removeColumn,
  textColumns,
  toRequest,
} from './portable/schema.js';

const OF_REQUESTS = ['keep_sources_days', 'had_image_headers'];

/** Images that are made anew, and files that are kept for images besides their outputs. */
export class AddRedos1767225985000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRedos(runner);
    await addKeptFiles(runner);
    for (const name of OF_REQUESTS)
      await addColumn(runner, 'requests', { name, type: 'integer', default: 0 });
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of OF_REQUESTS) await removeColumn(runner, 'requests', name);
    await runner.dropTable('kept_files', true);
    await runner.dropTable('redos', true);
  }
}

async function addRedos(runner: QueryRunner): Promise<void> {
  const { short, text } = textColumns(runner);
  await makeTable(runner, {
    name: 'redos',
    columns: [
      integer('request_key', { isPrimary: true }),
      integer('number', { isPrimary: true }),
      text('wish'),
      short('state', 16),
      ...['attempt', 'failures', 'busy_tries', 'crashes'].map((name) => integer(name, { default: 0 })),
      big('due_at', { default: 0 }),
      short('error_code', 64, { isNullable: true }),
      short('error_message', 255, { isNullable: true }),
      integer('error_retryable', { isNullable: true }),
      text('previous', { isNullable: true }),
    ],
    indices: [{ name: 'redos_by_state', columnNames: ['state', 'due_at'] }],
    foreignKeys: [toRequest('redos_request')],
  });
}

async function addKeptFiles(runner: QueryRunner): Promise<void> {
  const { short, text } = textColumns(runner);
  await makeTable(runner, {
    name: 'kept_files',
    columns: [
      integer('request_key', { isPrimary: true }),
      integer('image_number', { isPrimary: true }),
      short('role', 16, { isPrimary: true }),
      short('name', 64, { isPrimary: true }),
      short('file_key', 255),
      text('facts', { isNullable: true }),
      big('kept_until', { isNullable: true }),
    ],
    indices: [
      { name: 'kept_files_by_file', columnNames: ['file_key'] },
      { name: 'kept_files_by_end', columnNames: ['kept_until'] },
    ],
    foreignKeys: [toRequest('kept_files_request')],
  });
}
