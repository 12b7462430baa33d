import { applyDecorators } from '@nestjs/common';
import { registerAs } from '@nestjs/config';
import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  ArrayUnique,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  validateSync,
} from 'class-validator';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { SettingsError } from '../errors/app-error.js';

const MEBIBYTE = 1024 * 1024;

const commaSeparated = Transform(({ value }) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : value,
);

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  const message = `must be a whole number from ${least} to ${most}`;
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(least, { message }),
    Max(most, { message }),
  );
}

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
  @Matches(/^https?:\/\/[^/?#\s]+(\/[^?#\s]*)?$/, { message: 'must be an http or https address' })
  PUBLIC_URL?: string;

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

  /** Where this process itself listens. */
  get ownUrl(): string {
    return `http://${urlHost(this.HOST)}:${this.PORT}`;
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

/** Whether `host` is this machine itself, as a name or an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function impossibleMixes(values: Settings): string[] {
  const { MODE, HOST, API_KEYS, DATABASE_URL, REDIS_URL, SECRET_KEY, servesApi } = values;
  const faults: string[] = [];
  if (MODE !== 'all' && !REDIS_URL)
    faults.push(`MODE=${MODE} needs REDIS_URL: the in-process queue can't reach another process.`);
  if (MODE !== 'all' && !DATABASE_URL)
    faults.push(`MODE=${MODE} needs DATABASE_URL: the embedded database belongs to one process.`);
  if (REDIS_URL && !DATABASE_URL)
    faults.push('REDIS_URL needs DATABASE_URL: the embedded database belongs to one process.');
  if (DATABASE_URL && !SECRET_KEY)
    faults.push(
      'DATABASE_URL needs SECRET_KEY: every process must read the webhook secrets by the same key.',
    );
  if (servesApi && !isLoopback(HOST) && API_KEYS.length === 0) {
    faults.push(
      'HOST is not a loopback address, so API_KEYS must be set: without keys the service would be open to everybody.',
    );
  }
  return faults;
}

function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
