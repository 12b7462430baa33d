import fc from 'fast-check';
import libsql from 'libsql';
import { DataSource } from 'typeorm';
import { propertyRuns } from '../../../test/helpers/property-runs.js';
import { insertManyRows, insertRows, type PlainValue } from './insert-rows.js';

const RUNS = propertyRuns(200);

describe('very many rows', () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    const embedded = { type: 'better-sqlite3' as const, driver: libsql, database: ':memory:' };
    dataSource = await new DataSource(embedded).initialize();
    for (const table of ['one_by_one', 'together'])
      await dataSource.query(`CREATE TABLE ${table} (request_key int, number int, name text, extra text)`);
  });
  afterAll(() => dataSource.destroy());

  const readBack = (table: string) =>
    dataSource.query<unknown[]>(
      `SELECT request_key, number, name, extra, typeof(number) AS type, length(CAST(name AS BLOB)) AS bytes FROM ${table}`,
    );

  it('are stored as the same values that a parameter each would store', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('\\', 'u', '0', 'd', '8', '"', "'", '\0', '\ud83d', '\ude00', '\n', 'ü'),
      }),
    );
    const row = fc.tuple(fc.integer({ min: 0 }), text, fc.option(text));
    const property = fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (rows: PlainValue[][]) => {
      const columns = ['number', 'name', 'extra'];
      for (const table of ['one_by_one', 'together']) await dataSource.query(`DELETE FROM ${table}`);

      await insertManyRows(dataSource.manager, {
        ...{ table: 'together', columns, rows },
        constants: { request_key: 7 },
      });

      const whole = rows.map((values) => [7, ...values]);
      await insertRows(dataSource.manager, 'one_by_one', ['request_key', ...columns], whole);
      expect(await readBack('together')).toEqual(await readBack('one_by_one'));
    });

    await fc.assert(property, { numRuns: RUNS });
  });
});
