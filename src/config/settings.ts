import { registerAs } from '@nestjs/config';
import { plainToInstance } from 'class-transformer';
import { ArrayUnique, IsIn, IsOptional, IsString, Matches, validateSync } from 'class-validator';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { SettingsError } from '../errors/app-error.js';
import { impossibleMixes } from './impossible-mixes.js';
import { nearNames } from './near-names.js';
import { commaSeparated, httpUrl, origins, proxies, wholeNumber } from './setting-types.js';

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

  /** Form of the log: lines for people, or an object a line for programs. */
  @IsIn(['text', 'json'])
  LOG_FORMAT: 'text' | 'json' = 'text';

  /** Whether `/metrics` is answered without a key; also by a worker, which may have none. */
  @IsIn(['on', 'off'])
  METRICS_PUBLIC: 'on' | 'off' = 'off';

  /** Folder of the embedded database and of the compressed files. */
  @IsString()
  DATA_DIR = './data';

  /**
   * Name of the bucket that the compressed images are kept in; a folder in `DATA_DIR` unless given. Credentials are found as the
   * AWS SDK does, such as in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
   */
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { message: 'must be the name of a bucket' })
  S3_BUCKET?: string;

  /** Address of a server that speaks the protocol of S3; Amazon's own unless given. */
  @IsOptional()
  @httpUrl
  S3_ENDPOINT?: string;

  /** Region of the bucket; that of the AWS SDK's own variables unless given, or `us-east-1` with `S3_ENDPOINT`. */
  @IsOptional()
  @Matches(/^[a-z0-9-]+$/, { message: 'must be the name of a region' })
  S3_REGION?: string;

  /** Whether the bucket stands in the path of an address rather than in its host; `on` unless given with `S3_ENDPOINT`. */
  @IsOptional()
  @IsIn(['on', 'off'])
  S3_PATH_STYLE?: 'on' | 'off';

  /** Start of the names of all files in the bucket, such as `shop/`. */
  @Matches(/^([A-Za-z0-9_-]+\/)*$/, {
    message: 'must be empty, or letters, digits, _ and - with / at the end',
  })
  S3_PREFIX = '';

  /** Start of the image URLs that are handed out, where clients read the bucket themselves, or a CDN in front of it. */
  @IsOptional()
  @httpUrl
  S3_PUBLIC_URL?: string;

  /**
   * Whether the API answers calls of images by sending the client to the bucket, with an address that expires, instead of reading the
   * bucket for it.
   */
  @IsIn(['on', 'off'])
  S3_REDIRECTS: 'on' | 'off' = 'off';

  /** `mysql://user:password@host:3306/name` or `mariadb://…`; the embedded SQLite unless given. */
  @IsOptional()
  @Matches(/^(mysql|mariadb):\/\/[^/\s]+\/[^/?#\s]+/, {
    message: 'must be mysql://user:password@host:port/name or mariadb://…',
  })
  DATABASE_URL?: string;

  /** File with the certificates (PEM) of the authority that the server of `DATABASE_URL` has to be vouched for by; then TLS is used. */
  @IsOptional()
  @IsString()
  DATABASE_CA?: string;

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
   * in a row, or their addresses. Unless given, it comes from the address that connects. Wrong API keys are counted by address.
   */
  @commaSeparated
  @proxies
  TRUST_PROXY: string[] = [];

  /**
   * Origins whose pages may call the service from a browser, such as `https://shop.example`, or `*` for all; none unless
   * given. Without `API_KEYS` only those of this machine.
   */
  @commaSeparated
  @ArrayUnique()
  @origins
  CORS_ORIGINS: string[] = [];

  /** Calls that one key may make in a minute; 0: any number. Without keys there is no limit. */
  @wholeNumber(0)
  CALLS_PER_MINUTE = 1200;

  /** Of those, uploads. */
  @wholeNumber(0)
  UPLOADS_PER_MINUTE = 60;

  /** Most connections open at once; each takes a file handle and some memory. Further ones are closed unanswered. */
  @wholeNumber(1, 1_000_000)
  MAX_CONNECTIONS = 10_000;

  /** What webhook secrets are encrypted with at rest; a file in `DATA_DIR` holds one unless given. */
  @IsOptional()
  @Matches(/^[\x20-\x7e]{32,}$/, { message: 'must be at least 32 printable characters' })
  SECRET_KEY?: string;

  /** The `SECRET_KEY` of before, while it is being replaced: what was encrypted with it can still be read. */
  @IsOptional()
  @Matches(/^[\x20-\x7e]{32,}$/, { message: 'must be at least 32 printable characters' })
  SECRET_KEY_PREVIOUS?: string;

  /**
   * Images in the encoder at once, in one worker. One more than there are cores: an image waits now and then between two
   * of its steps, and no core shall wait with it (10 % more images a second).
   */
  @wholeNumber(1, 256)
  CONCURRENCY = availableParallelism() + 1;

  /** Encoder quality, 1 to 100, where an upload gives none. */
  @wholeNumber(1, 100)
  QUALITY = 50;

  /** What is measured of each result where an upload does not say it: nothing, or how similar it is to its source. */
  @IsIn(['none', 'similarity'])
  MEASURE: 'none' | 'similarity' = 'none';

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

  /** Seconds for which a process that was asked to stop still answers calls, while readiness says that it is stopping. */
  @wholeNumber(0, 60)
  DRAIN_SECONDS = 0;

  /** Hours after which the open images of a request fail if none of its images was settled in that time. */
  @wholeNumber(1, 100_000)
  MAX_REQUEST_HOURS = 72;

  /** Days after their end after which requests are deleted; they are kept unless given. */
  @IsOptional()
  @wholeNumber(1, 36_500)
  RETENTION_DAYS?: number;

  /** Bytes of files above which the requests that ended first are deleted; without a limit unless given. */
  @IsOptional()
  @wholeNumber(1)
  RETENTION_MAX_BYTES?: number;

  /** Days for which the sources of images are kept, where the upload does not say; 0: not. */
  @wholeNumber(0, 30)
  KEEP_SOURCES_DAYS = 0;

  /** Free bytes of the disk of `DATA_DIR` below which uploads are refused and no image is begun; none unless given. */
  @IsOptional()
  @wholeNumber(1)
  MIN_FREE_BYTES?: number;

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

/** Settings whose values are secrets, or may hold some. */
const SECRET = new Set<string>([
  'API_KEYS',
  'SECRET_KEY',
  'SECRET_KEY_PREVIOUS',
  'DATABASE_URL',
  'REDIS_URL',
]);

/** The settings that differ from their defaults, for the log at the start: `NAME=value`, or `NAME=(set)` for a secret. */
export function changedSettings(values: Settings): string[] {
  const defaults = Object.entries(new Settings());
  return defaults.flatMap(([name, value]) => {
    const own = values[name as keyof Settings];
    if (String(own ?? '') === String(value ?? '')) return [];
    return [`${name}=${SECRET.has(name) ? '(set)' : String(own)}`];
  });
}

/** Nest's name for the settings, for `@Inject(settings.KEY)`. */
export const settings = registerAs('settings', () => readSettings(process.env));

/** A sentence for each environment variable that is probably a misspelt setting. */
export function misspeltSettings(): string[] {
  return nearNames(process.env, Object.keys(new Settings()));
}

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
