import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type FindOperator, LessThan } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { DEFAULT_OWNER_KEY } from '../../database/entities/access/owner.entity.js';
import { CachedResultEntity } from '../../database/entities/cached-result.entity.js';
import { CachedSourceEntity } from '../../database/entities/cached-source.entity.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { GatheredReads } from '../../database/statements/gathered-reads.js';
import { replaceRows } from '../../database/statements/insert-rows.js';
import type { Validators } from '../../outbound/download/validators.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
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

/** Of the last release whose results were found only by the version of the engine that made them. */
const OLD_ENGINE_VERSION = 7;

type CachedEntity = typeof CachedSourceEntity | typeof CachedResultEntity;

const SOURCE_COLUMNS = ['id', 'url', 'etag', 'last_modified', 'content', 'used_at'];
const RESULT_COLUMNS = ['id', 'owner_key', 'engine_version', 'output_key', 'facts', 'used_at'];

/** Between two statements that look something up: each is shared by the images that come meanwhile. */
const LOOK_UP_EVERY_MS = 50;

// Plain statements, since they run all the time: the query builder takes ten times as long.
const SOURCES =
  'SELECT id, url, etag, last_modified AS lastModified, content FROM cached_sources WHERE id IN';
const RESULTS = `
  SELECT cached_results.id AS id, cached_results.output_key AS outputKey, cached_results.facts AS facts,
    cached_results.used_at AS usedAt
  FROM cached_results JOIN files ON files.file_key = cached_results.output_key AND files.state = 'live'
  WHERE cached_results.id IN`;

interface SourceRow extends Validators {
  id: string;
  content: string;
}

interface ResultRow {
  id: string;
  outputKey: string;
  facts: string;
  usedAt: number;
}

/** What is known of a URL: what its bytes were, and what became of them in each form that was asked for. */
export interface KnownUrl {
  source: Validators;
  content: string;
  results: CachedResult[];
}

/** A settlement without what belongs to its image alone. */
export type CachedFacts = Omit<
  Extract<Settlement, { status: 'done' }>,
  'status' | 'download' | 'outputKey' | 'isReused' | 'renditions' | 'source'
>;

/** For whom a result is, and how it is made: an owner is never given what was made for another. */
export interface MadeFor {
  ownerKey: number;
  options: CompressionOptions;
}

/** A result, and a stored file with its bytes. */
export interface CachedResult {
  outputKey: string;
  facts: CachedFacts;
}

/**
 * Remembers which bytes a URL had, and the result of compressing these bytes: a URL that comes again is revalidated
 * instead of downloaded, and the same bytes are not compressed twice, by whatever version of the engine it was, so that an
 * upgrade changes no address. It stores no files but points to those of outputs; an entry whose file is gone is not used.
 * Everything in it may be lost at any time.
 */
@Injectable()
export class ResultCache implements OnModuleInit, OnApplicationShutdown {
  private readonly warning = new RepeatedWarning(new Logger(ResultCache.name));
  private sources: unknown[][] = [];
  private results = new Map<string, CachedResult & { ownerKey: number }>();
  private readonly knownSources = new GatheredReads<SourceRow>(
    (ids) => this.read(SOURCES, ids),
    LOOK_UP_EVERY_MS,
  );
  private readonly knownResults = new GatheredReads<ResultRow>(
    (ids) => this.read(RESULTS, ids),
    LOOK_UP_EVERY_MS,
  );
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

  /** The validators of the URL, and the results of its bytes in these forms; null where any of it is not known. */
  async findByUrl(url: string, forms: MadeFor[]): Promise<KnownUrl | null> {
    if (!this.isOn) return null;
    const source = await this.knownSources.find(sha256(url));
    const { content } = source ?? {};
    if (!source || content === undefined) return null;
    const found = await Promise.all(forms.map((made) => this.findByContent(content, made)));
    const results = found.filter((result) => result !== null);
    return results.length === forms.length ? { source, content, results } : null;
  }

  /** The result for bytes with this SHA-256 (hexadecimal), or null; also where its similarity is asked for and not known. */
  async findByContent(content: string, made: MadeFor): Promise<CachedResult | null> {
    const result = await this.find(content, made);
    const isMissing = made.options.measure === 'similarity' && result?.facts.report.similarity === null;
    return isMissing ? null : result;
  }

  private async find(content: string, made: MadeFor): Promise<CachedResult | null> {
    if (!this.isOn) return null;
    const id = resultId(content, made);
    const unwritten = this.results.get(id);
    if (unwritten) return unwritten;
    const found = await Promise.all(
      [id, ...oldResultIds(content, made)].map((each) => this.knownResults.find(each)),
    );
    const [latest] = found.filter((row) => row !== null).sort((one, other) => other.usedAt - one.usedAt);
    return latest ? { outputKey: latest.outputKey, facts: JSON.parse(latest.facts) as CachedFacts } : null;
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
  rememberResult(content: string, made: MadeFor, result: CachedResult): void {
    if (!this.isOn) return;
    this.results.set(resultId(content, made), { ...result, ownerKey: made.ownerKey });
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

  private async read<Row extends { id: string }>(sql: string, ids: string[]): Promise<Map<string, Row>> {
    const rows = await this.database.manager.query<Row[]>(`${sql} (${ids.map(() => '?').join(', ')})`, ids);
    return new Map(rows.map((row) => [row.id, row]));
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
    const results = [...this.results].map(([id, { ownerKey, outputKey, facts }]) => {
      return [id, ownerKey, ENGINE_VERSION, outputKey, JSON.stringify(facts), this.clock.now()];
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

function resultId(content: string, { ownerKey, options }: MadeFor): string {
  return sha256(`${ownerKey} ${content} ${madeWith(options)}`);
}

/** Under which the version before this one, which knew one owner, wrote down what its engine made: goes a release later. */
function oldResultIds(content: string, { ownerKey, options }: MadeFor): string[] {
  if (ownerKey !== DEFAULT_OWNER_KEY) return [];
  return [sha256(`${content} ${OLD_ENGINE_VERSION} ${madeWith(options)}`)];
}

/** The bytes are the same whatever is measured of them. */
function madeWith(options: CompressionOptions): string {
  return canonicalOptions({ ...options, measure: undefined as never }); // JSON leaves it out, as before there was one
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
