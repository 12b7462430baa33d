import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { CreateTables1767225600000 } from '../../../migrations/1767225600000-create-tables.js';
import { CreateCache1767225650000 } from '../../../migrations/1767225650000-create-cache.js';
import { CreateWebhooks1767225700000 } from '../../../migrations/1767225700000-create-webhooks.js';
import { readSettings } from '../../../src/config/settings.js';
import { dataSourceOptions } from '../../../src/database/data-source.js';
import { insertObjects, insertRows } from '../../../src/database/statements/insert-rows.js';
import type { Installation } from './engines.js';

/** What the version before `files` and `outputs` made and migrated. */
const MIGRATIONS = [CreateTables1767225600000, CreateCache1767225650000, CreateWebhooks1767225700000];

const LAYOUT = {
  ...{ delimiter: ',', newline: '\n', bom: false, encoding: 'utf-8' },
  columns: [
    { name: 'S. No.', role: 'serial' },
    { name: 'Product Name', role: 'product' },
    { name: 'Input Image Urls', role: 'input' },
    { name: 'Output Image Urls', role: 'output' },
  ],
};

const OPTIONS =
  '{"quality":50,"target":null,"format":"keep","maxWidth":null,"maxHeight":null,"effort":"balanced","metadata":"none"}';

const PRODUCT_COLUMNS = [
  ...['request_key', 'number', 'line', 'serial_number', 'product_name', 'first_image', 'image_count'],
];
const IMAGE_COLUMNS = [
  ...[
    'request_key',
    'number',
    'product_number',
    'position',
    'input_url',
    'status',
    'same_as',
    'attempt',
    'outcome',
  ],
  ...[
    'error_code',
    'error_message',
    'error_retryable',
    'download',
    'download_ms',
    'output_key',
    'input_bytes',
  ],
  ...['input_format', 'input_width', 'input_height', 'output_bytes', 'output_format', 'output_width'],
  ...['output_height', 'quality_used', 'similarity', 'encode_ms', 'notes'],
];

/** How many images of a request are in which state, in the order of the file. */
export interface OldRequest {
  done: number;
  /** With the URL, and the file, of the first done one. */
  repeats: number;
  failed: number;
  open: number;
  idempotencyKey?: string;
}

/** A database as an earlier version left it. */
export class OldDatabase {
  private constructor(readonly dataSource: DataSource) {}

  static async create(installation: Installation): Promise<OldDatabase> {
    const options = dataSourceOptions(readSettings(installation.environment));
    const dataSource = new DataSource({ ...options, entities: [], migrations: MIGRATIONS } as typeof options);
    await dataSource.initialize();
    await dataSource.runMigrations();
    return new OldDatabase(dataSource);
  }

  /** Adds a request whose images are at `origin`. @returns what clients know it by */
  async add({ done, repeats, failed, open, idempotencyKey }: OldRequest, origin: string): Promise<string> {
    const id = randomUUID();
    const settled = done + repeats + failed;
    const count = settled + open;
    const states = [
      ...Array<string>(done).fill('done'),
      ...Array<string>(repeats).fill('repeat of a done one'),
      ...Array<string>(failed).fill('failed'),
      ...Array<string>(open).fill('pending'),
    ];
    const { manager } = this.dataSource;
    await insertObjects(manager, 'requests', [
      {
        id,
        status: open === 0 ? 'Completed' : 'Processing',
        outcome: open === 0 ? 'partial' : null,
        file_name: 'products.csv',
        layout: JSON.stringify(LAYOUT),
        options: OPTIONS,
        product_count: count,
        image_count: count,
        repeat_count: repeats,
        idempotency_key: idempotencyKey ?? null,
        done_count: done + repeats,
        failed_count: failed,
        enqueued_count: open === 0 ? count : Math.min(count, settled + 512),
        input_bytes: 5_000 * (done + repeats),
        output_bytes: 1_000 * (done + repeats),
        created_at: 1_767_225_600_123,
        started_at: 1_767_225_600_200,
        completed_at: open === 0 ? 1_767_225_700_000 : null,
      },
    ]);
    const [{ requestKey: key }] = await manager.query(
      'SELECT request_key AS requestKey FROM requests WHERE id = ?',
      [id],
    );
    const images = states.map((state, index) => imageRow(key, id, index + 1, state, origin));
    const products = states.map((_, index) => [
      key,
      index + 1,
      index + 2,
      `${index + 1}`,
      'SKU',
      index + 1,
      1,
    ]);
    for (let at = 0; at < count; at += 2000) {
      await insertRows(manager, 'products', PRODUCT_COLUMNS, products.slice(at, at + 2000));
      await insertRows(manager, 'images', IMAGE_COLUMNS, images.slice(at, at + 2000));
    }
    return id;
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}

function imageRow(key: number, id: string, number: number, state: string, origin: string): unknown[] {
  const own = (status: string, same: number | null, file: string) => {
    return [key, number, number, 1, `${origin}/${file}`, status, same, status === 'pending' ? 0 : 1];
  };
  if (state === 'pending') return [...own(state, null, `photo.jpg?${number}`), ...nulls(19)];
  if (state === 'failed') {
    const failure = [null, 'HTTP_404', 'There is no such file.', 0];
    return [...own(state, null, `gone.jpg?${number}`), ...failure, ...nulls(15)];
  }
  const file = state === 'done' ? number : 1;
  const picture = [5_000, 'jpeg', 60, 40, 1_000, 'jpeg', 60, 40, 50, 9_731, 12, 'profile_converted'];
  const found = ['fetched', 30, `${id}/${file}-0123456789abcdef.jpg`];
  return [
    ...own('done', file === number ? null : 1, `${file}.jpg`),
    ...['compressed', null, null, null],
    ...found,
    ...picture,
  ];
}

function nulls(count: number): null[] {
  return Array<null>(count).fill(null);
}
