import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';

type Column = Omit<TableColumnOptions, 'name' | 'type'>;

/** The tables of the webhooks. The columns are explained on the entities in `src/database`. */
export class CreateWebhooks1767225700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const isSqlite = runner.connection.options.type === 'better-sqlite3';
    const anyText = isSqlite ? {} : { charset: 'utf8mb4', collation: 'utf8mb4_bin' };
    const text = (name: string, column: Column = {}) => ({ name, type: 'text', ...anyText, ...column });
    const short = (name: string, length: number, column: Column = {}) => {
      return { name, type: 'varchar', length: String(length), ...anyText, ...column };
    };

    await runner.createTable(
      new Table({
        name: 'webhook_endpoints',
        columns: [
          key('endpoint_key'),
          short('id', 36, { isUnique: true }),
          integer('request_key', { isNullable: true }),
          text('url'),
          short('host', 255),
          short('event_types', 255),
          text('description', { isNullable: true }),
          text('secret', { isNullable: true }),
          text('previous_secret', { isNullable: true }),
          big('previous_secret_until', { isNullable: true }),
          integer('is_active', { default: 1 }),
          short('disabled_code', 64, { isNullable: true }),
          big('disabled_at', { isNullable: true }),
          big('failing_since', { isNullable: true }),
          big('failed_at', { isNullable: true }),
          big('created_at'),
        ],
        indices: [{ name: 'webhook_endpoints_by_request', columnNames: ['request_key', 'is_active'] }],
        foreignKeys: [toRequest('webhook_endpoints_request')],
      }),
    );

    await runner.createTable(
      new Table({
        name: 'webhook_events',
        columns: [
          key('event_key'),
          short('id', 64, { isUnique: true }),
          short('type', 32),
          integer('request_key', { isNullable: true }),
          short('request_id', 36, { isNullable: true }),
          integer('image_number', { default: 0 }),
          text('body'),
          big('created_at'),
        ],
        indices: [
          {
            name: 'webhook_events_once',
            columnNames: ['request_key', 'type', 'image_number'],
            isUnique: true,
          },
          { name: 'webhook_events_by_time', columnNames: ['created_at'] },
        ],
        foreignKeys: [toRequest('webhook_events_request')],
      }),
    );

    await runner.createTable(
      new Table({
        name: 'webhook_deliveries',
        columns: [
          key('delivery_key'),
          short('id', 36, { isUnique: true }),
          integer('event_key'),
          integer('endpoint_key'),
          integer('request_key', { isNullable: true }),
          short('state', 16),
          integer('attempt', { default: 0 }),
          integer('failures', { default: 0 }),
          big('due_at'),
          big('rung_at', { default: 0 }),
          short('error_code', 64, { isNullable: true }),
          big('created_at'),
          big('delivered_at', { isNullable: true }),
        ],
        indices: [
          { name: 'webhook_deliveries_once', columnNames: ['event_key', 'endpoint_key'], isUnique: true },
          { name: 'webhook_deliveries_due', columnNames: ['state', 'endpoint_key', 'due_at'] },
          { name: 'webhook_deliveries_by_endpoint', columnNames: ['endpoint_key', 'delivery_key'] },
          { name: 'webhook_deliveries_by_request', columnNames: ['request_key', 'delivery_key'] },
        ],
        foreignKeys: [cascading('webhook_deliveries_event', 'event_key', 'webhook_events')],
      }),
    );

    await runner.createTable(
      new Table({
        name: 'webhook_tries',
        withoutRowid: isSqlite,
        columns: [
          integer('delivery_key', { isPrimary: true }),
          integer('attempt', { isPrimary: true }),
          big('tried_at'),
          integer('duration_ms'),
          integer('status', { isNullable: true }),
          short('error_code', 64, { isNullable: true }),
          short('error_message', 255, { isNullable: true }),
          text('answer', { isNullable: true }),
        ],
        foreignKeys: [cascading('webhook_tries_delivery', 'delivery_key', 'webhook_deliveries')],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    const tables = ['webhook_tries', 'webhook_deliveries', 'webhook_events', 'webhook_endpoints'];
    for (const table of tables) await runner.dropTable(table);
  }
}

function key(name: string): TableColumnOptions {
  return integer(name, { isPrimary: true, isGenerated: true, generationStrategy: 'increment' });
}

function integer(name: string, column: Column = {}): TableColumnOptions {
  return { name, type: 'integer', ...column };
}

function big(name: string, column: Column = {}): TableColumnOptions {
  return { name, type: 'bigint', ...column };
}

function toRequest(name: string) {
  return cascading(name, 'request_key', 'requests');
}

function cascading(name: string, column: string, referencedTableName: string) {
  return {
    name,
    columnNames: [column],
    referencedTableName,
    referencedColumnNames: [column],
    onDelete: 'CASCADE',
  };
}
