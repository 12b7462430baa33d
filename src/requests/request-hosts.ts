import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Database } from '../database/database.js';
import type { ImageDownload, ImageStatus } from '../database/entities/image.entity.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { hostIn } from '../outbound/urls/parse-url.js';
import type { HostResponse, HostsResponse } from './request.dto.js';
import { RequestReader } from './request-reader.js';

/** Images looked at in one statement: some milliseconds of the event loop with SQLite. */
const CHUNK = 2_000;

/** Hosts are counted up to the first slash after `https://`; times from 100 ms on in steps of 10, so that few groups remain. */
const GROUPS = `
  SELECT CASE INSTR(SUBSTR(input_url, 9), '/') WHEN 0 THEN input_url
      ELSE SUBSTR(input_url, 1, 7 + INSTR(SUBSTR(input_url, 9), '/')) END AS origin,
    status, error_code AS code, download,
    CASE WHEN download_ms < 100 THEN download_ms ELSE download_ms - download_ms % 10 END AS milliseconds,
    COUNT(*) AS images, SUM(CASE WHEN download = 'fetched' THEN input_bytes ELSE 0 END) AS bytes
  FROM images WHERE request_key = ? AND number > ? AND number <= ?
  GROUP BY origin, status, code, download, milliseconds`;

interface Group {
  origin: string;
  status: ImageStatus;
  code: ErrorCode | null;
  download: ImageDownload | null;
  milliseconds: number | string | null;
  images: number | string;
  bytes: number | string;
}

/** A host so far. */
interface Tally {
  images: number;
  done: number;
  failures: Map<string, number>;
  bytes: number;
  /** How many downloads took how long. */
  times: Map<number, number>;
}

/** How the hosts of a request behave: who is slow, who is away, who refuses. */
@Injectable()
export class RequestHosts {
  constructor(
    private readonly database: Database,
    private readonly requests: RequestReader,
  ) {}

  /**
   * The hosts of a request, those with the most images first. Looks at every image: some seconds for a million.
   * @throws AppError `REQUEST_NOT_FOUND`
   */
  async describe(id: string, limit: number): Promise<HostsResponse> {
    const { key, imageCount } = await this.requests.get(id);
    const tallies = new Map<string, Tally>();
    for (let from = 0; from < imageCount; from += CHUNK) {
      const groups = await this.database.manager.query<Group[]>(GROUPS, [key, from, from + CHUNK]);
      for (const group of groups) add(tallies, group);
      await setImmediate();
    }
    const byImages = [...tallies].sort(([, a], [, b]) => b.images - a.images);
    return {
      total: tallies.size,
      items: byImages.slice(0, limit).map(([host, tally]) => toResponse(host, tally)),
    };
  }
}

function add(tallies: Map<string, Tally>, { origin, status, code, milliseconds, ...group }: Group): void {
  const host = hostIn(origin);
  const tally = tallies.get(host) ?? { images: 0, done: 0, failures: new Map(), bytes: 0, times: new Map() };
  tallies.set(host, tally);
  const images = Number(group.images); // mysql2 gives sums and large numbers as text
  tally.images += images;
  tally.bytes += Number(group.bytes);
  if (status === 'done') tally.done += images;
  if (status === 'failed') increase(tally.failures, code ?? 'INTERNAL', images);
  if (milliseconds !== null) increase(tally.times, Number(milliseconds), images);
}

function increase<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function toResponse(host: string, { images, done, failures, bytes, times }: Tally): HostResponse {
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  return {
    host,
    images,
    pending: images - done - failed,
    done,
    failed,
    failures: Object.fromEntries([...failures].sort(([, a], [, b]) => b - a)),
    bytes,
    median_milliseconds: medianOf(times),
  };
}

function medianOf(times: Map<number, number>): number | null {
  const total = [...times.values()].reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const [milliseconds, count] of [...times].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= total / 2) return milliseconds;
  }
  return null;
}
