import { registerAs } from '@nestjs/config';
import { plainToInstance } from 'class-transformer';
import { ArrayUnique, IsIn, IsOptional, IsString, Matches, validateSync } from 'class-validator';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { SettingsError } from '../errors/app-error.js';
import { impossibleMixes } from './impossible-mixes.js';
import { commaSeparated, httpUrl, proxies, wholeNumber } from './setting-types.js';

const MEBIBYTE = 1024 * 1024;

/**
 * Every setting, named as its environment variable. Parsed and checked once at the start by
 * {@link readSettings}; `.env.example` lists the same names (a test compares them).
 */
export class Settings {
  /** What this process does: serve the API, work on images, or both. */
  @IsIn(['all', 'api', 'worker'])
  MODE: 'all' | 'api' | 'worker' = 'all';

  /** Address to listen on. Anything but loopback needs `API_KEYS`. */
  @IsString()
  HOST = '127.0.0.1';

  /** Port to listen on; 0 takes a free one. */
  @wholeNumber(0, 65_535)
  PORT = 3000;

  /** Start of the URLs that we hand out; `http://HOST:PORT` unless given. */
  @IsOptional()
  @httpUrl
  PUBLIC_URL?: string;

  /**
   * Start of the image URLs in the sample file, where those who fetch images reach the API by another address than
   * clients do; that of `PUBLIC_URL` unless given.
   */
  @IsOptional()
  @httpUrl
  SAMPLES_URL?: string;

  /** Least important messages that are logged; `debug` adds what is tried again without anybody's help. */
  @IsIn(['error', 'warn', 'info', 'debug'])
  LOG_LEVEL: 'error' | 'warn' | 'info' | 'debug' = 'info';

  /** Folder of the embedded database and of the compressed files. */
  @IsString()
  DATA_DIR = './data';

  /** `mysql://user:password@host:3306/name` or `mariadb://…`; the embedded SQLite unless given. */
  @IsOptional()
  @Matches(/^(mysql|mariadb):\/\/[^/\s]+\/[^/?#\s]+/, {
    message: 'must be mysql://user:password@host:port/name or mariadb://…',
  })
  DATABASE_URL?: string;

  /** `on` brings the database schema up to date at the start, under a lock; `off` leaves that to `npm run migrate`. */
  @IsIn(['on', 'off'])
  MIGRATE: 'on' | 'off' = 'on';

  /** `redis://host:6379/0` (or `rediss://`); the in-process queue unless given. */
  @IsOptional()
  @Matches(/^rediss?:\/\/[^/\s]+(\/\d*)?$/, { message: 'must be redis://host:port/database or rediss://…' })
  REDIS_URL?: string;

  /** Prefix of the queue's keys in Redis. In a Redis Cluster it must stand in braces, as the default does. */
  @IsString()
  QUEUE_PREFIX = '{image-processing}';

  /** Keys that clients send as `Authorization: Bearer <key>` or `X-API-Key`; each at least 16 characters. */
  @commaSeparated
  @ArrayUnique()
  @Matches(/^[\x21-\x7e]{16,}$/, {
    each: true,
    message: 'must be a comma-separated list of keys of at least 16 printable characters',
  })
  API_KEYS: string[] = [];

  /**
   * The proxies in front of the service, whose `X-Forwarded-For` says from which address a call comes: how many there are
   * in a row, or their addresses. Unless given, it comes from whoever connects. Wrong API keys are counted by address.
   */
  @commaSeparated
  @proxies
  TRUST_PROXY: string[] = [];

  /** Most connections open at once; each takes a file handle and some memory. Further ones are closed unanswered. */
  @wholeNumber(1, 1_000_000)
  MAX_CONNECTIONS = 10_000;

  /** What webhook secrets are encrypted with at rest; a file in `DATA_DIR` holds one unless given. */
  @IsOptional()
  @Matches(/^[\x20-\x7e]{32,}$/, { message: 'must be at least 32 printable characters' })
  SECRET_KEY?: string;

  /**
   * Images in the encoder at once, in one worker. One more than there are cores: an image waits now and then between two
   * of its steps, and no core shall wait with it (10 % more images a second).
   */
  @wholeNumber(1, 256)
  CONCURRENCY = availableParallelism() + 1;

  /** Encoder quality, 1 to 100, where an upload gives none. */
  @wholeNumber(1, 100)
  QUALITY = 50;

  /** Images being downloaded, or waiting for the encoder, at once in one worker. */
  @wholeNumber(1, 10_000)
  DOWNLOADS_IN_FLIGHT = 128;

  /** Of those, images of one host. */
  @wholeNumber(1, 10_000)
  DOWNLOADS_PER_HOST = 16;

  /** `User-Agent` of downloads; one that names this service and `PUBLIC_URL` unless given. */
  @IsOptional()
  @Matches(/^[\x20-\x7e]{1,255}$/, { message: 'must be at most 255 printable characters' })
  USER_AGENT?: string;

  /** Seconds that the download of one image may take, from the call to its last byte. 25 MiB at 7 Mbit/s fit into 30. */
  @wholeNumber(1, 600)
  DOWNLOAD_TIMEOUT_SECONDS = 30;

  /** Hosts, addresses or CIDR blocks that may be fetched although they are not public; `host:port` allows one port. */
  @commaSeparated
  @ArrayUnique()
  ALLOW_PRIVATE: string[] = [];

  /**
   * Most results that are remembered: bytes that were compressed with the same options before are not compressed again,
   * and their URL is only asked whether it has changed. 0: none.
   */
  @wholeNumber(0)
  CACHE_RESULTS = 100_000;

  /** Days after which a result that nobody used is forgotten. */
  @wholeNumber(1, 3650)
  CACHE_DAYS = 30;

  /** Largest CSV file taken, in bytes. */
  @wholeNumber(1)
  MAX_UPLOAD_BYTES = 100 * MEBIBYTE;

  /** Largest image fetched, in bytes. */
  @wholeNumber(1)
  MAX_IMAGE_BYTES = 25 * MEBIBYTE;

  /** Largest image decoded, in pixels (width × height × frames). */
  @wholeNumber(1)
  MAX_IMAGE_PIXELS = 50_000_000;

  /** Seconds after which the images of a worker that died are given to another. A living worker renews its leases. */
  @wholeNumber(1, 3600)
  LEASE_SECONDS = 30;

  /** Start of every URL that we hand out, without a slash at the end. */
  get publicUrl(): string {
    return (this.PUBLIC_URL ?? this.ownUrl).replace(/\/+$/, '');
  }

  /** Start of the URLs of the sample's images, without a slash at the end. */
  get samplesUrl(): string {
    return this.SAMPLES_URL?.replace(/\/+$/, '') ?? this.publicUrl;
  }

  /** Where this process itself listens. */
  get ownUrl(): string {
    return `http://${urlHost(this.HOST)}:${this.PORT}`;
  }

  /** `TRUST_PROXY` as Express reads it: how many proxies, which ones, or none. */
  get trustedProxies(): number | string[] | false {
    const [first] = this.TRUST_PROXY;
    if (first === undefined) return false;
    return /^\d+$/.test(first) ? Number(first) : this.TRUST_PROXY;
  }

  get servesApi(): boolean {
    return this.MODE !== 'worker';
  }

  get runsJobs(): boolean {
    return this.MODE !== 'api';
  }

  /** The folder `name` inside `DATA_DIR`, as an absolute path. */
  dataPath(name: string): string {
    return path.resolve(this.DATA_DIR, name);
  }
}

/** Nest's name for the settings, for `@Inject(settings.KEY)`. */
export const settings = registerAs('settings', () => readSettings(process.env));

/**
 * Reads the settings from environment variables. An empty value means unset; variables that are not ours are ignored.
 * @throws SettingsError naming every variable that is wrong, never its value.
 */
export function readSettings(environment: Record<string, string | undefined>): Settings {
  const names = Object.keys(new Settings());
  const given = Object.fromEntries(
    names.flatMap((name) => (environment[name]?.trim() ? [[name, environment[name].trim()]] : [])),
  );
  const parsed = plainToInstance(Settings, given, { exposeDefaultValues: true });

  const faults = validateSync(parsed).map(
    ({ property, constraints = {} }) =>
      `${property} ${Object.values(constraints)[0].replace(`${property} `, '')}`,
  );
  if (faults.length === 0) faults.push(...impossibleMixes(parsed));
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  return parsed;
}

function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
