import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type FindOperator, LessThan } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { CachedResultEntity } from '../../database/entities/cached-result.entity.js';
import { CachedSourceEntity } from '../../database/entities/cached-source.entity.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { replaceRows } from '../../database/insert-rows.js';
import type { Validators } from '../../outbound/download/validators.js';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { canonicalOptions, type CompressionOptions } from '../../compression/options.js';
import type { Settlement } from '../scheduling/image-settlement.js';
import { ENGINE_VERSION } from '../../compression/compress.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const WRITE_AFTER_MS = SECOND / 2;
const EVICT_EVERY_MS = 10 * MINUTE;
/** Rows of a statement: some milliseconds of the event loop with SQLite. */
const EVICTED_AT_ONCE = 500;

type CachedEntity = typeof CachedSourceEntity | typeof CachedResultEntity;

const SOURCE_COLUMNS = ['id', 'url', 'etag', 'last_modified', 'content', 'used_at'];
const RESULT_COLUMNS = ['id', 'output_key', 'facts', 'used_at'];

// Plain statements, since they run once per image: the query builder takes ten times as long.
const SOURCE = 'SELECT url, etag, last_modified AS lastModified, content FROM cached_sources WHERE id = ?';
const RESULT = 'SELECT output_key AS outputKey, facts FROM cached_results WHERE id = ?';

interface SourceRow extends Validators {
  content: string;
}

interface ResultRow {
  outputKey: string;
  facts: string;
}

/** A settlement without what belongs to its image alone. */
export type CachedFacts = Omit<Extract<Settlement, { status: 'done' }>, 'status' | 'download' | 'outputKey'>;

/** A result, and a stored file with its bytes. */
export interface CachedResult {
  outputKey: string;
  facts: CachedFacts;
}

/**
 * Remembers which bytes a URL had, and the result of compressing these bytes: a URL that comes again is revalidated
 * instead of downloaded, and the same bytes are not compressed twice. It stores no files but points to the outputs of
 * requests; an entry whose file is gone is not used. Everything in it may be lost at any time.
 */
@Injectable()
export class ResultCache implements OnModuleInit, OnApplicationShutdown {
  private readonly warning = new RepeatedWarning(new Logger(ResultCache.name));
  private sources: unknown[][] = [];
  private results = new Map<string, CachedResult>();
  private writer?: NodeJS.Timeout;
  private evictor?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    if (!this.settings.runsJobs) return;
    this.evictor = setInterval(() => void this.attempt(() => this.evict()), EVICT_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.evictor);
    clearTimeout(this.writer);
  }

  /** The validators of the URL, and the result of its bytes with these options; null where either is not known. */
  async findByUrl(
    url: string,
    options: CompressionOptions,
  ): Promise<{ source: Validators; content: string; result: CachedResult } | null> {
    if (!this.isOn) return null;
    const [source] = await this.database.manager.query<SourceRow[]>(SOURCE, [sha256(url)]);
    const result = source && (await this.findByContent(source.content, options));
    return result ? { source, content: source.content, result } : null;
  }

  /** The result for bytes with this SHA-256 (hexadecimal), or null. */
  async findByContent(content: string, options: CompressionOptions): Promise<CachedResult | null> {
    if (!this.isOn) return null;
    const id = resultId(content, options);
    const unwritten = this.results.get(id);
    if (unwritten) return unwritten;
    const [found] = await this.database.manager.query<ResultRow[]>(RESULT, [id]);
    return found ? { outputKey: found.outputKey, facts: JSON.parse(found.facts) as CachedFacts } : null;
  }

  /** Writes the bytes of a URL down within half a second, where its server gave validators. */
  rememberSource(
    url: string,
    { etag = null, lastModified = null, ...source }: Validators,
    content: string,
  ): void {
    if (!this.isOn || (etag ?? lastModified) === null) return;
    this.sources.push([sha256(url), source.url, etag, lastModified, content, this.clock.now()]);
    this.writeSoon();
  }

  /** Writes the result of compressing bytes down within half a second. */
  rememberResult(content: string, options: CompressionOptions, result: CachedResult): void {
    if (!this.isOn) return;
    this.results.set(resultId(content, options), result);
    this.writeSoon();
  }

  /** Deletes what was not used for `CACHE_DAYS`, and what exceeds `CACHE_RESULTS`, the longest unused first. */
  async evict(): Promise<void> {
    const expired = { usedAt: LessThan(this.clock.now() - this.settings.CACHE_DAYS * DAY) };
    for (const entity of [CachedSourceEntity, CachedResultEntity]) {
      await this.deleteOldest(entity, Infinity, expired);
      const excess = (await this.database.manager.count(entity)) - this.settings.CACHE_RESULTS;
      await this.deleteOldest(entity, excess);
    }
  }

  private get isOn(): boolean {
    return this.settings.CACHE_RESULTS > 0;
  }

  /** Deletes up to `count` rows, the longest unused first; a part at a time, since SQLite holds the process up. */
  private async deleteOldest(
    entity: CachedEntity,
    count: number,
    where: { usedAt?: FindOperator<number> } = {},
  ) {
    for (let left = count; left > 0;) {
      const oldest = await this.database.manager.find<CachedSourceEntity | CachedResultEntity>(entity, {
        select: { id: true },
        where,
        order: { usedAt: 'ASC', id: 'ASC' },
        take: Math.min(left, EVICTED_AT_ONCE),
      });
      if (oldest.length === 0) return;
      const ids = oldest.map(({ id }) => id);
      await this.database.write((manager) => manager.delete(entity, ids));
      left -= ids.length;
      await setImmediate();
    }
  }

  private writeSoon(): void {
    this.writer ??= setTimeout(() => {
      this.writer = undefined;
      void this.attempt(() => this.write());
    }, WRITE_AFTER_MS).unref();
  }

  private async write(): Promise<void> {
    const { sources } = this;
    const results = [...this.results].map(([id, { outputKey, facts }]) => {
      return [id, outputKey, JSON.stringify(facts), this.clock.now()];
    });
    this.sources = [];
    this.results = new Map();
    await this.database.write((manager) => replaceRows(manager, 'cached_sources', SOURCE_COLUMNS, sources));
    await this.database.write((manager) => replaceRows(manager, 'cached_results', RESULT_COLUMNS, results));
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    await work().catch(({ message }: Error) => this.warning.warn(`the cache was not written: ${message}`));
  }
}

function resultId(content: string, options: CompressionOptions): string {
  return sha256(`${content} ${ENGINE_VERSION} ${canonicalOptions(options)}`);
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
