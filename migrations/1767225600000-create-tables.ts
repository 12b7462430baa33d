import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';

type Column = Omit<TableColumnOptions, 'name' | 'type'>;

/** The tables of the main job. The columns are explained on the entities in `src/database`. */
export class CreateTables1767225600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Whatever the server's default is: every script in product names, and no case folding in comparisons.
    const isSqlite = runner.connection.options.type === 'better-sqlite3';
    const anyText = isSqlite ? {} : { charset: 'utf8mb4', collation: 'utf8mb4_bin' };
    const text = (name: string, column: Column = {}) => ({ name, type: 'text', ...anyText, ...column });
    const short = (name: string, length: number, column: Column = {}) => {
      return { name, type: 'varchar', length: String(length), ...anyText, ...column };
    };

    await runner.createTable(
      new Table({
        name: 'requests',
        columns: [
          integer('request_key', { isPrimary: true, isGenerated: true, generationStrategy: 'increment' }),
          short('id', 36, { isUnique: true }),
          short('status', 16),
          short('outcome', 16, { isNullable: true }),
          short('file_name', 255),
          text('layout'),
          text('options'),
          integer('product_count'),
          integer('image_count'),
          integer('repeat_count', { default: 0 }),
          integer('fault_count', { default: 0 }),
          short('idempotency_key', 255, { isNullable: true, isUnique: true }),
          short('idempotency_digest', 64, { isNullable: true }),
          integer('done_count', { default: 0 }),
          integer('failed_count', { default: 0 }),
          integer('enqueued_count', { default: 0 }),
          big('rung_at', { default: 0 }),
          big('input_bytes', { default: 0 }),
          big('output_bytes', { default: 0 }),
          big('created_at'),
          big('started_at', { isNullable: true }),
          big('completed_at', { isNullable: true }),
        ],
        indices: [{ name: 'requests_by_status', columnNames: ['status'] }],
      }),
    );

    await runner.createTable(
      new Table({
        name: 'products',
        withoutRowid: isSqlite,
        columns: [
          integer('request_key', { isPrimary: true }),
          integer('number', { isPrimary: true }),
          integer('line'),
          text('serial_number'),
          text('product_name'),
          integer('first_image'),
          integer('image_count'),
          text('extra', { isNullable: true }),
        ],
        foreignKeys: [toRequest('products_request')],
      }),
    );

    await runner.createTable(
      new Table({
        name: 'faults',
        withoutRowid: isSqlite,
        columns: [
          integer('request_key', { isPrimary: true }),
          integer('number', { isPrimary: true }),
          integer('line'),
          text('column_name', { isNullable: true }),
          text('value'),
          short('code', 32),
          short('hint', 255),
        ],
        foreignKeys: [toRequest('faults_request')],
      }),
    );

    await runner.createTable(
      new Table({
        name: 'images',
        withoutRowid: isSqlite,
        columns: [
          integer('request_key', { isPrimary: true }),
          integer('number', { isPrimary: true }),
          integer('product_number'),
          integer('position'),
          text('input_url'),
          short('status', 16),
          integer('same_as', { isNullable: true }),
          integer('attempt', { default: 0 }),
          integer('failures', { default: 0 }),
          integer('crashes', { default: 0 }),
          big('due_at', { default: 0 }),
          short('outcome', 16, { isNullable: true }),
          short('error_code', 64, { isNullable: true }),
          short('error_message', 255, { isNullable: true }),
          integer('error_retryable', { isNullable: true }),
          short('download', 16, { isNullable: true }),
          integer('download_ms', { isNullable: true }),
          short('output_key', 255, { isNullable: true }),
          integer('input_bytes', { isNullable: true }),
          short('input_format', 16, { isNullable: true }),
          integer('input_width', { isNullable: true }),
          integer('input_height', { isNullable: true }),
          integer('output_bytes', { isNullable: true }),
          short('output_format', 16, { isNullable: true }),
          integer('output_width', { isNullable: true }),
          integer('output_height', { isNullable: true }),
          integer('quality_used', { isNullable: true }),
          integer('similarity', { isNullable: true }),
          integer('encode_ms', { isNullable: true }),
          short('notes', 255, { isNullable: true }),
        ],
        // With `due_at` it covers what looks for leases and retries: SQLite would read the whole request otherwise.
        indices: [
          { name: 'images_by_status', columnNames: ['request_key', 'status', 'number', 'due_at'] },
          { name: 'images_by_same_url', columnNames: ['request_key', 'same_as'] },
        ],
        foreignKeys: [toRequest('images_request')],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['images', 'faults', 'products', 'requests']) await runner.dropTable(table);
  }
}

function integer(name: string, column: Column = {}): TableColumnOptions {
  return { name, type: 'integer', ...column };
}

function big(name: string, column: Column = {}): TableColumnOptions {
  return { name, type: 'bigint', ...column };
}

function toRequest(name: string) {
  return {
    name,
    columnNames: ['request_key'],
    referencedTableName: 'requests',
    referencedColumnNames: ['request_key'],
    onDelete: 'CASCADE',
  };
}
