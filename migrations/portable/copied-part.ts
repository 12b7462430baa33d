import type { QueryRunner } from 'typeorm';
import { insertRows, replaceRows } from '../../src/database/statements/insert-rows.js';
import type { Position } from './progress.js';

/** Characters of a host that the table holds: more than a name can have. */
const MAX_HOST_LENGTH = 255;
/** Further hosts of a request share one row, whose name is empty (`RequestHostEntity`). */
const MAX_HOSTS = 100_000;
const OTHERS = '';

const SETTLED = "status IN ('done', 'failed')";
const OPEN = ['pending', 'waiting', 'processing'];

/** What is read of an image. */
export interface OldImage extends Position {
  inputUrl: string;
  status: string;
}

/** `WHERE` of a part of the images, in the order of their key. */
interface Range {
  where: string;
  parameters: number[];
}

interface Host {
  number: number;
  images: number;
  open: number;
}

type Hosts = Map<string, Host>;

/** Some thousand images that follow each other, whose new columns and rows are filled together. */
export class CopiedPart {
  private readonly hosts = new Map<number, Hosts>();

  /** @param before the part before it, whose last request may go on in this one */
  constructor(
    private readonly runner: QueryRunner,
    private readonly images: OldImage[],
    before?: CopiedPart,
  ) {
    const first = images[0]?.requestKey;
    const known = before?.hosts.get(first);
    if (known) this.hosts.set(first, known);
  }

  /** Reads which hosts an earlier run found in the request that this part begins with. */
  async readHosts(): Promise<void> {
    const [{ requestKey }] = this.images;
    if (this.hosts.has(requestKey)) return;
    const sql =
      'SELECT number, host, image_count AS images, open_count AS open FROM request_hosts WHERE request_key = ?';
    const rows: (Host & { host: string })[] = await this.runner.query(sql, [requestKey]);
    this.hosts.set(requestKey, new Map(rows.map(({ host, ...counts }) => [host, counts])));
  }

  /** In one transaction of the caller's; it changes nothing that the service of an earlier version reads. */
  async copy(): Promise<void> {
    await this.writeHosts();
    for (const range of rangesOf(this.images)) {
      await this.update(range);
      await this.addFiles(range);
      await this.addOutputs(range);
    }
    await this.runner.query('DELETE FROM migration_hosts');
  }

  private async writeHosts(): Promise<void> {
    const { manager } = this.runner;
    const ofImages: unknown[][] = [];
    const touched = new Map<Host, unknown[]>();
    for (const image of this.images) {
      const [name, host] = this.hostOf(image);
      host.images++;
      if (OPEN.includes(image.status)) host.open++;
      ofImages.push([image.requestKey, image.number, host.number]);
      touched.set(host, [image.requestKey, host.number, name]);
    }
    await insertRows(manager, 'migration_hosts', ['request_key', 'number', 'host'], ofImages);
    const rows = [...touched].map(([{ images, open }, key]) => [...key, images, open]);
    const columns = ['request_key', 'number', 'host', 'image_count', 'open_count'];
    await replaceRows(manager, 'request_hosts', columns, rows);
  }

  private hostOf({ requestKey, inputUrl }: OldImage): [name: string, host: Host] {
    const hosts = this.hosts.get(requestKey) ?? new Map<string, Host>();
    this.hosts.set(requestKey, hosts);
    let name = hostAndPort(inputUrl).slice(0, MAX_HOST_LENGTH);
    if (!hosts.has(name) && hosts.size >= MAX_HOSTS) name = OTHERS;
    const host = hosts.get(name) ?? { number: hosts.size + 1, images: 0, open: 0 };
    hosts.set(name, host);
    return [name, host];
  }

  private async update({ where, parameters }: Range): Promise<void> {
    const host = `SELECT found.host FROM migration_hosts found
      WHERE found.request_key = images.request_key AND found.number = images.number`;
    // In which order they were settled nobody knows any more; that of the file is as good as any.
    const settledNo = `CASE WHEN ${SETTLED} THEN number ELSE NULL END`;
    await this.runner.query(
      `UPDATE images SET host = (${host}), settled_no = ${settledNo} WHERE ${where}`,
      parameters,
    );
  }

  /** Images with the same URL share one. */
  private async addFiles({ where, parameters }: Range): Promise<void> {
    await this.runner.query(
      `INSERT INTO files (file_key, owner_key, kind, bytes, content_type, state, created_at)
       SELECT output_key, 1, 'output', MAX(output_bytes), ${contentType('MAX(output_format)')}, 'live', ?
       FROM images WHERE ${where} AND status = 'done' AND output_key IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM files known WHERE known.file_key = images.output_key)
       GROUP BY output_key`,
      [Date.now(), ...parameters],
    );
  }

  private async addOutputs({ where, parameters }: Range): Promise<void> {
    await this.runner.query(
      `INSERT INTO outputs (request_key, image_number, name, file_key, bytes, format, width, height, quality, similarity,
         milliseconds, notes)
       SELECT request_key, number, 'image', output_key, output_bytes, output_format, output_width, output_height,
         quality_used, similarity, COALESCE(encode_ms, 0), notes
       FROM images WHERE ${where} AND status = 'done' AND output_key IS NOT NULL`,
      parameters,
    );
  }
}

/** Up to three: the rest of a request, whole requests, the beginning of one. Each is a range of the primary key. */
function rangesOf(images: OldImage[]): Range[] {
  const first = images[0];
  const last = images[images.length - 1];
  if (first.requestKey === last.requestKey) {
    const parameters = [first.requestKey, first.number, last.number];
    return [{ where: 'request_key = ? AND number >= ? AND number <= ?', parameters }];
  }
  return [
    { where: 'request_key = ? AND number >= ?', parameters: [first.requestKey, first.number] },
    { where: 'request_key > ? AND request_key < ?', parameters: [first.requestKey, last.requestKey] },
    { where: 'request_key = ? AND number <= ?', parameters: [last.requestKey, last.number] },
  ];
}

function contentType(format: string): string {
  return `CASE ${format} WHEN 'png' THEN 'image/png' WHEN 'webp' THEN 'image/webp' WHEN 'avif' THEN 'image/avif'
    WHEN 'gif' THEN 'image/gif' WHEN 'tiff' THEN 'image/tiff' ELSE 'image/jpeg' END`;
}

/** As `src/outbound/parse-url.ts` has it at the time of this migration. */
function hostAndPort(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return '';
  }
}
