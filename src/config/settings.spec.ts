import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { riskyMixes } from './impossible-mixes.js';
import { readSettings, Settings } from './settings.js';
import { SettingsError } from '../errors/app-error.js';

const SERVERS = {
  DATABASE_URL: 'mysql://root@127.0.0.1/test',
  REDIS_URL: 'redis://127.0.0.1:6379/0',
  SECRET_KEY: 'a key of 32 characters or more ..',
  PUBLIC_URL: 'https://images.example',
};
const KEY = { API_KEYS: 'a-key-of-our-own-0123456789' };

describe('the settings', () => {
  it('run everything in one process on loopback where nothing is set', () => {
    const settings = readSettings({});

    expect(settings).toMatchObject({ MODE: 'all', HOST: '127.0.0.1', PORT: 3000, QUALITY: 50, API_KEYS: [] });
    expect(settings.CONCURRENCY).toBe(availableParallelism() + 1);
    expect(settings.publicUrl).toBe('http://127.0.0.1:3000');
  });

  it('take text from the environment, and empty text as unset', () => {
    const settings = readSettings({
      PORT: ' 8080 ',
      QUALITY: '',
      ALLOW_PRIVATE: 'a.example, 10.0.0.0/8,',
      OTHER: 'x',
    });

    expect(settings).toMatchObject({ PORT: 8080, QUALITY: 50, ALLOW_PRIVATE: ['a.example', '10.0.0.0/8'] });
    expect(settings).not.toHaveProperty('OTHER');
  });

  it('give URLs without a slash at the end, and addresses of IPv6 in brackets', () => {
    expect(readSettings({ PUBLIC_URL: 'https://localhost/base/' }).publicUrl).toBe('https://localhost/base');
    expect(readSettings({ HOST: '::1' }).publicUrl).toBe('http://[::1]:3000');
  });

  it.each([
    [{ MODE: 'both' }, 'MODE'],
    [{ PORT: '70000' }, 'PORT'],
    [{ PORT: 'http' }, 'PORT'],
    [{ QUALITY: '0' }, 'QUALITY'],
    [{ QUALITY: '50.5' }, 'QUALITY'],
    [{ MEASURE: 'time' }, 'MEASURE'],
    [{ PUBLIC_URL: 'images.example' }, 'PUBLIC_URL'],
    [{ DATABASE_URL: 'postgres://localhost/x' }, 'DATABASE_URL'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL'],
    [{ API_KEYS: 'short' }, 'API_KEYS'],
    [{ MIGRATE: 'yes' }, 'MIGRATE'],
    [{ SECRET_KEY: 'short' }, 'SECRET_KEY must be at least 32'],
    [{ ...SERVERS, SECRET_KEY: '' }, 'DATABASE_URL needs SECRET_KEY'],
    [{ MODE: 'worker' }, 'MODE=worker needs REDIS_URL'],
    [{ ...SERVERS, DATABASE_URL: '', MODE: 'api' }, 'MODE=api needs DATABASE_URL'],
    [{ REDIS_URL: SERVERS.REDIS_URL }, 'REDIS_URL needs DATABASE_URL'],
    [{ HOST: '0.0.0.0' }, 'API_KEYS must be set'],
    [{ HOST: 'images.example' }, 'API_KEYS must be set'],
    [
      { PUBLIC_URL: 'https://images.example' },
      'PUBLIC_URL is not a loopback address, so API_KEYS must be set',
    ],
    [{ PUBLIC_URL: 'http://127.0.0.1.images.example' }, 'API_KEYS must be set'],
    [{ PUBLIC_URL: 'http://[x' }, 'PUBLIC_URL'],
    [{ API_KEYS: 'change-me-to-something-long' }, 'API_KEYS has a placeholder'],
    [{ API_KEYS: `${KEY.API_KEYS},CHANGEME-CHANGEME` }, 'API_KEYS has a placeholder'],
    [{ SECRET_KEY: 'change-me-'.repeat(4) }, 'SECRET_KEY has a placeholder'],
    [{ TRUST_PROXY: '1' }, 'TRUST_PROXY needs API_KEYS'],
    [{ ...KEY, TRUST_PROXY: 'true' }, 'TRUST_PROXY'],
    [{ ...KEY, TRUST_PROXY: '1,10.0.0.1' }, 'TRUST_PROXY'],
    [{ ...KEY, TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY'],
    [{ ...KEY, TRUST_PROXY: '10.0.0.0/' }, 'TRUST_PROXY'],
    [{ MAX_CONNECTIONS: '0' }, 'MAX_CONNECTIONS'],
    [{ ...KEY, CORS_ORIGINS: 'shop.example' }, 'CORS_ORIGINS must be *, or'],
    [{ ...KEY, CORS_ORIGINS: 'https://shop.example/' }, 'CORS_ORIGINS must be *, or'],
    [{ ...KEY, CORS_ORIGINS: 'https://Shop.example' }, 'CORS_ORIGINS must be *, or'],
    [{ ...KEY, CORS_ORIGINS: 'null' }, 'CORS_ORIGINS must be *, or'],
    [{ S3_BUCKET: 'A bucket' }, 'S3_BUCKET must be the name of a bucket'],
    [{ S3_BUCKET: 'bucket', S3_ENDPOINT: 'localhost:9000' }, 'S3_ENDPOINT'],
    [{ S3_BUCKET: 'bucket', S3_PREFIX: 'shop' }, 'S3_PREFIX'],
    [{ S3_ENDPOINT: 'http://127.0.0.1:9000' }, 'S3_ENDPOINT needs S3_BUCKET'],
    [{ S3_PUBLIC_URL: 'https://cdn.example' }, 'S3_PUBLIC_URL needs S3_BUCKET'],
    [{ CORS_ORIGINS: '*' }, 'CORS_ORIGINS names origins that are not on this machine'],
    [{ CORS_ORIGINS: 'http://localhost:5173,https://shop.example' }, 'CORS_ORIGINS names origins'],
  ])('refuse %j', (environment, message) => {
    expect(() => readSettings(environment)).toThrow(SettingsError);
    expect(() => readSettings(environment)).toThrow(message);
  });

  it('name what is wrong, never its value', () => {
    const secret = 'password-of-the-database';

    expect(() =>
      readSettings({ DATABASE_URL: `mssql://sa:${secret}@host/x`, API_KEYS: `${secret} with blanks` }),
    ).toThrow(expect.objectContaining({ message: expect.not.stringContaining(secret) }));
  });

  it.each([
    ['', false],
    ['2', 2],
    ['10.0.0.1, 2001:db8::/32, loopback', ['10.0.0.1', '2001:db8::/32', 'loopback']],
  ])('read TRUST_PROXY=%s as Express does', (TRUST_PROXY, expected) => {
    expect(readSettings({ ...KEY, TRUST_PROXY }).trustedProxies).toEqual(expected);
  });

  it('let a worker listen where it likes: it serves its health only', () => {
    expect(readSettings({ ...SERVERS, MODE: 'worker', HOST: '0.0.0.0' }).servesApi).toBe(false);
  });

  it('are the same in .env.example, with the same defaults', () => {
    const example = readFileSync(path.join(__dirname, '../../.env.example'), 'utf8');
    const listed = Object.fromEntries(
      [...example.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );

    expect(Object.keys(listed).sort()).toEqual(Object.keys(new Settings()).sort());
    expect(readSettings(listed)).toEqual(readSettings({}));
  });

  it.each([
    [{ ...SERVERS, MODE: 'worker', PUBLIC_URL: '' }, 'lead to itself'],
    [{ ...KEY, HOST: '0.0.0.0' }, 'lead nowhere'],
    [{ ...KEY, HOST: '::' }, 'lead nowhere'],
  ])('warn of %j', (environment, message) => {
    expect(riskyMixes(readSettings(environment))).toEqual([expect.stringContaining(message)]);
  });

  it('warn of nothing where PUBLIC_URL says what clients call', () => {
    expect(
      riskyMixes(readSettings({ ...KEY, HOST: '0.0.0.0', PUBLIC_URL: 'https://images.example' })),
    ).toEqual([]);
  });
});
