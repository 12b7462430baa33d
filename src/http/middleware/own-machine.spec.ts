import type { Request, Response } from 'express';
import { readSettings } from '../../config/settings.js';
import { ownMachineOnly } from './own-machine.js';

const OWN = { host: '127.0.0.1:3000' };
const CROSS = { ...OWN, 'sec-fetch-site': 'cross-site' };

describe('a service without API keys', () => {
  const codeOf = (headers: Record<string, string>, path = '/requests', method = 'GET', environment = {}) => {
    let error: { code: string; status: number } | undefined;
    const request = { headers, path, method } as unknown as Request;
    ownMachineOnly(readSettings(environment))(request, {} as Response, (thrown?: unknown) => {
      error = thrown as typeof error;
    });
    if (error) expect(error.status).toBe(403);
    return error?.code;
  };

  it.each([
    '127.0.0.1:3000',
    'localhost:3000',
    'LOCALHOST:3000',
    '[::1]:3000',
    '127.1.2.3:3000',
    '127.255.254.19:3000',
  ])('answers calls to %s', (host) => {
    expect(codeOf({ host })).toBeUndefined();
    expect(codeOf({ host, origin: `http://${host}` })).toBeUndefined();
  });

  it.each([
    ...['evil.example', 'evil.example:3000', 'localhost.evil.example:3000', '127.0.0.1.evil.example:3000'],
    ...[
      '127.0.0.1',
      '127.0.0.1:3001',
      '127.0.0.1:03000',
      '127.0.0.1:3000:3000',
      '127.1:3000',
      '127.999.1.1:3000',
      '2130706433:3000',
    ],
    ...['0x7f.0.0.1:3000', '0.0.0.0:3000', '[::]:3000', '[::ffff:127.0.0.1]:3000', 'localhost.:3000'],
    ...['user@localhost:3000', 'localhost:3000/', ' localhost:3000', ''],
  ])('refuses calls to %j', (host) => {
    expect(codeOf({ host })).toBe('FOREIGN_ORIGIN');
  });

  it('refuses calls to no host', () => {
    expect(codeOf({})).toBe('FOREIGN_ORIGIN');
  });

  it('takes the host without a port where it listens on port 80', () => {
    expect(codeOf({ host: 'localhost' }, '/', 'GET', { PORT: '80' })).toBeUndefined();
    expect(codeOf({ host: 'localhost:80' }, '/', 'GET', { PORT: '80' })).toBeUndefined();
  });

  it('takes host and origin of PUBLIC_URL', () => {
    const environment = { PUBLIC_URL: 'https://localhost/base' };

    expect(
      codeOf({ host: 'localhost', origin: 'https://localhost' }, '/', 'GET', environment),
    ).toBeUndefined();
    expect(codeOf({ host: 'localhost:443' }, '/', 'GET', environment)).toBeUndefined();
    expect(codeOf({ host: 'localhost:8443' }, '/', 'GET', environment)).toBe('FOREIGN_ORIGIN');
  });

  it.each([
    ...[
      'null',
      '',
      'https://evil.example',
      'http://127.0.0.1',
      'http://127.0.0.1:8080',
      'https://127.0.0.1:3000',
    ],
    ...['http://localhost:3000', 'http://127.0.0.2:3000', 'http://127.0.0.1:3000/'],
  ])('refuses the origin %j of a call to 127.0.0.1:3000', (origin) => {
    expect(codeOf({ ...OWN, origin })).toBe('FOREIGN_ORIGIN');
  });

  it.each(['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-anything'])(
    'refuses calls with %s',
    (name) => {
      expect(codeOf({ ...OWN, [name]: '127.0.0.1' })).toBe('FORWARDED_CALL');
    },
  );

  it.each(['same-origin', 'none'])('answers what the browser calls %s', (site) => {
    expect(codeOf({ ...OWN, 'sec-fetch-site': site }, '/upload', 'POST')).toBeUndefined();
  });

  it.each(['cross-site', 'same-site', 'anything'])('refuses what the browser calls %s', (site) => {
    expect(codeOf({ ...OWN, 'sec-fetch-site': site })).toBe('FOREIGN_ORIGIN');
  });

  it('lets other sites show images, and lead to the service', () => {
    const image = { ...CROSS, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    const link = { ...CROSS, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

    expect(codeOf(image, '/images/a/b.jpg')).toBeUndefined();
    expect(codeOf(link, '/docs')).toBeUndefined();

    expect(codeOf(image, '/requests/a')).toBe('FOREIGN_ORIGIN');
    expect(codeOf({ ...image, 'sec-fetch-dest': 'script' }, '/images/a/b.jpg')).toBe('FOREIGN_ORIGIN');
    expect(codeOf({ ...link, 'sec-fetch-dest': 'iframe' }, '/docs')).toBe('FOREIGN_ORIGIN');
    expect(codeOf(link, '/upload', 'POST')).toBe('FOREIGN_ORIGIN');
  });
});
