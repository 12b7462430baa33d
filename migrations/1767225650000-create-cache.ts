import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

/** The tables of the cache. The columns are explained on the entities in `src/database`. */
export class CreateCache1767225650000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const isSqlite = runner.connection.options.type === 'better-sqlite3';
    const anyText = isSqlite ? {} : { charset: 'utf8mb4', collation: 'utf8mb4_bin' };
    const short = (name: string, length: number, column = {}) => {
      return { name, type: 'varchar', length: String(length), ...anyText, ...column };
    };
    const text = (name: string) => ({ name, type: 'text', ...anyText });
    const usedAt = { name: 'used_at', type: 'bigint' };

    await runner.createTable(
      new Table({
        name: 'cached_sources',
        withoutRowid: isSqlite,
        columns: [
          short('id', 64, { isPrimary: true }),
          text('url'),
          short('etag', 255, { isNullable: true }),
          short('last_modified', 64, { isNullable: true }),
          short('content', 64),
          usedAt,
        ],
        indices: [{ name: 'cached_sources_by_use', columnNames: ['used_at'] }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'cached_results',
        withoutRowid: isSqlite,
        columns: [short('id', 64, { isPrimary: true }), short('output_key', 255), text('facts'), usedAt],
        indices: [{ name: 'cached_results_by_use', columnNames: ['used_at'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['cached_results', 'cached_sources']) await runner.dropTable(table);
  }
}
