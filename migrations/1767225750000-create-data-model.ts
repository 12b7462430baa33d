import { randomBytes } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  addColumn,
  type AddedColumn,
  big,
  integer,
  makeIndex,
  makeTable,
  removeColumn,
  removeIndex,
  textColumns,
  toRequest,
} from './portable/schema.js';

/** Whose everything is that has no key of an owner. */
const DEFAULT_OWNER = 'default';

const ADDED: Record<string, AddedColumn[]> = {
  requests: [
    { name: 'owner_key', type: 'integer', default: 1 },
    { name: 'run', type: 'integer', default: 1 },
    { name: 'settled_no', type: 'integer', default: 0 },
    { name: 'cancelled_count', type: 'integer', default: 0 },
    { name: 'cancelled_at', type: 'bigint' },
    { name: 'moved_at', type: 'bigint', default: 0 },
    { name: 'reused_count', type: 'integer', default: 0 },
    { name: 'is_fresh', type: 'integer', default: 0 },
    { name: 'upload_key', type: 'varchar(255)' },
    { name: 'name', type: 'varchar(255)' },
    { name: 'labels', type: 'text' },
    { name: 'warnings', type: 'text' },
  ],
  images: [
    { name: 'host', type: 'integer', default: 0 },
    { name: 'settled_no', type: 'integer' },
    { name: 'busy_tries', type: 'integer', default: 0 },
    { name: 'cell_column', type: 'integer' },
    { name: 'cell_position', type: 'integer' },
  ],
  webhook_events: [{ name: 'run', type: 'integer', default: 1 }],
  webhook_endpoints: [{ name: 'owner_key', type: 'integer', default: 1 }],
  cached_results: [
    { name: 'owner_key', type: 'integer', default: 1 },
    { name: 'engine_version', type: 'integer' },
  ],
};

const INDEXES: [table: string, name: string, columns: string[]][] = [
  // The list of requests, newest first, of all or of those in one state: a page is read without looking at any other row.
  ['requests', 'requests_by_owner', ['owner_key', 'created_at', 'request_key']],
  ['requests', 'requests_by_owner_and_status', ['owner_key', 'status', 'created_at', 'request_key']],
  ['requests', 'requests_by_owner_and_outcome', ['owner_key', 'outcome', 'created_at', 'request_key']],
  ['requests', 'requests_by_time', ['created_at', 'request_key']],
  ['requests', 'requests_by_upload', ['upload_key']],
  // Cancelled requests that have not ended.
  ['requests', 'requests_by_end', ['status', 'completed_at']],
  // With these a claim finds the images of one host that it may take, and reads no other.
  ['images', 'images_by_host', ['request_key', 'host', 'status', 'number']],
  ['images', 'images_by_settling', ['request_key', 'settled_no']],
  ['webhook_endpoints', 'webhook_endpoints_by_owner', ['owner_key', 'request_key', 'is_active']],
  ['cached_results', 'cached_results_by_output', ['output_key']],
];

const TABLES = [
  ...['audit_lines', 'usage_days', 'api_keys', 'idempotency_keys', 'request_hosts', 'outputs', 'files'],
  'owners',
];

/**
 * Owners, files by content, outputs, hosts, runs. The columns are explained on the entities in `src/database`; what they
 * replace stays for a release. `FillDataModel` gives existing rows their values.
 */
export class CreateDataModel1767225750000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await makeFiles(runner);
    await makeRequestTables(runner);
    await makeAccessTables(runner);
    for (const [table, columns] of Object.entries(ADDED))
      for (const column of columns) await addColumn(runner, table, column);
    for (const [table, name, columns] of INDEXES) await makeIndex(runner, table, name, columns);
    // The new one first: on a server the foreign key needs one of the two at any time.
    const once = ['request_key', 'run', 'type', 'image_number'];
    await makeIndex(runner, 'webhook_events', 'webhook_events_once_a_run', once, true);
    await removeIndex(runner, 'webhook_events', 'webhook_events_once');
  }

  async down(runner: QueryRunner): Promise<void> {
    const once = ['request_key', 'type', 'image_number'];
    await makeIndex(runner, 'webhook_events', 'webhook_events_once', once, true);
    await removeIndex(runner, 'webhook_events', 'webhook_events_once_a_run');
    for (const [table, name] of INDEXES) await removeIndex(runner, table, name);
    for (const [table, columns] of Object.entries(ADDED))
      for (const { name } of columns) await removeColumn(runner, table, name);
    for (const table of TABLES) await runner.dropTable(table);
  }
}

async function makeFiles(runner: QueryRunner): Promise<void> {
  const { text, short } = textColumns(runner);
  await makeTable(runner, {
    name: 'owners',
    columns: [
      integer('owner_key', { isPrimary: true, isGenerated: true, generationStrategy: 'increment' }),
      short('name', 64, { isUnique: true }),
      short('salt', 64),
      big('created_at'),
    ],
  });
  const [{ count }] = await runner.query('SELECT COUNT(*) AS count FROM owners');
  if (Number(count) === 0) {
    const owner = [1, DEFAULT_OWNER, randomBytes(32).toString('hex'), Date.now()];
    await runner.query('INSERT INTO owners (owner_key, name, salt, created_at) VALUES (?, ?, ?, ?)', owner);
  }
  await makeTable(runner, {
    name: 'files',
    columns: [
      short('file_key', 255, { isPrimary: true }),
      integer('owner_key'),
      short('kind', 16),
      big('bytes'),
      short('content_type', 64),
      short('state', 16),
      big('created_at'),
      big('released_at', { isNullable: true }),
    ],
    indices: [
      { name: 'files_by_release', columnNames: ['state', 'released_at'] },
      { name: 'files_by_owner', columnNames: ['owner_key', 'kind'] },
    ],
  });
  await makeTable(runner, {
    name: 'outputs',
    columns: [
      integer('request_key', { isPrimary: true }),
      integer('image_number', { isPrimary: true }),
      short('name', 64, { isPrimary: true }),
      short('file_key', 255),
      integer('bytes'),
      short('format', 16),
      integer('width'),
      integer('height'),
      integer('quality', { isNullable: true }),
      integer('similarity', { isNullable: true }),
      integer('milliseconds'),
      text('notes', { isNullable: true }),
    ],
    indices: [{ name: 'outputs_by_file', columnNames: ['file_key'] }],
    foreignKeys: [toRequest('outputs_request')],
  });
}

async function makeRequestTables(runner: QueryRunner): Promise<void> {
  const { short } = textColumns(runner);
  await makeTable(runner, {
    name: 'request_hosts',
    columns: [
      integer('request_key', { isPrimary: true }),
      integer('number', { isPrimary: true }),
      short('host', 255),
      integer('image_count', { default: 0 }),
      integer('open_count', { default: 0 }),
    ],
    foreignKeys: [toRequest('request_hosts_request')],
  });
  await makeTable(runner, {
    name: 'idempotency_keys',
    columns: [
      integer('owner_key', { isPrimary: true }),
      short('idempotency_key', 255, { isPrimary: true }),
      integer('request_key'),
      short('digest', 64, { isNullable: true }),
    ],
    indices: [{ name: 'idempotency_keys_by_request', columnNames: ['request_key'] }],
    foreignKeys: [toRequest('idempotency_keys_request')],
  });
}

async function makeAccessTables(runner: QueryRunner): Promise<void> {
  const { text, short } = textColumns(runner);
  const counting = { isPrimary: true, isGenerated: true, generationStrategy: 'increment' } as const;
  await makeTable(runner, {
    name: 'api_keys',
    columns: [
      integer('api_key', counting),
      short('id', 36, { isUnique: true }),
      integer('owner_key'),
      short('name', 255),
      short('role', 16),
      short('digest', 64, { isUnique: true }),
      text('quotas', { isNullable: true }),
      big('created_at'),
      big('used_at', { isNullable: true }),
    ],
    indices: [{ name: 'api_keys_by_owner', columnNames: ['owner_key'] }],
  });
  await makeTable(runner, {
    name: 'usage_days',
    columns: [
      integer('owner_key', { isPrimary: true }),
      short('day', 10, { isPrimary: true }),
      integer('requests', { default: 0 }),
      integer('images', { default: 0 }),
      big('input_bytes', { default: 0 }),
      big('output_bytes', { default: 0 }),
    ],
  });
  await makeTable(runner, {
    name: 'audit_lines',
    columns: [
      integer('line_key', counting),
      big('happened_at'),
      short('actor', 255),
      short('action', 64),
      short('subject', 255),
      text('details', { isNullable: true }),
    ],
  });
}
