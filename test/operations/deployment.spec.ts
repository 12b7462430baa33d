import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parse } from 'yaml';
import { readSettings, Settings } from '../../src/config/settings.js';
import { ROOT } from '../helpers/paths.js';

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');

/** What the image sets for Node and for the allocator, not for us. */
const FOREIGN = [
  'NODE_ENV',
  'UV_THREADPOOL_SIZE',
  'MALLOC_ARENA_MAX',
  'MALLOC_MMAP_THRESHOLD_',
  'MALLOC_TRIM_THRESHOLD_',
];

describe('docker-compose.yml', () => {
  const { services, volumes } = parse(read('docker-compose.yml'), { merge: true });
  const ours = ['api', 'worker'];

  it.each(ours)('gives %s settings that exist and work together', (name) => {
    expect(Object.keys(new Settings())).toEqual(
      expect.arrayContaining(Object.keys(services[name].environment)),
    );
    expect(settingsOf(name).MODE).toBe(name);
  });

  const settingsOf = (name: string) =>
    readSettings(
      Object.fromEntries(
        Object.entries(services[name].environment).map(([variable, value]) => [
          variable,
          withoutVariables(String(value)),
        ]),
      ),
    );

  it('has each service and volume that it refers to, and a health check for each that others wait for', () => {
    for (const name of ours) {
      for (const other of Object.keys(services[name].depends_on))
        expect(services[other].healthcheck).toBeDefined();
      for (const volume of services[name].volumes)
        expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
  });

  it('confines every container: nothing to write to but what it needs, no capabilities, bounded memory and processes', () => {
    for (const [name, service] of Object.entries<any>(services)) {
      const facts = { name, ...service };
      expect(facts).toMatchObject({ read_only: true, cap_drop: ['ALL'], restart: 'unless-stopped' });
      expect(facts).toMatchObject({
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.any(String),
      });
      expect(facts).toMatchObject({ pids_limit: expect.any(Number), tmpfs: expect.any(Array) });
      expect(facts).not.toHaveProperty('cap_add');
      expect(facts).not.toHaveProperty('privileged');
    }
  });

  it('names images by exact version, and runs none of them as root', () => {
    for (const name of ['mysql', 'redis']) {
      expect(services[name].image).toMatch(/^\w+:\d+\.\d+\.\d+(-\w+)?$/);
      expect(services[name].user).toBe(name);
    }
  });

  it('has no passwords and keys of its own', () => {
    const secrets = [...read('docker-compose.yml').matchAll(/\$\{(\w*(?:KEY|PASSWORD)\w*)(:.)?/g)];

    expect(new Set(secrets.map(([, name]) => name))).toEqual(
      new Set(['API_KEYS', 'SECRET_KEY', 'MYSQL_PASSWORD']),
    );
    expect(secrets.map(([, , operator]) => operator)).toEqual(secrets.map(() => ':?'));
  });

  it('gives the sample addresses that workers reach', () => {
    const worker = settingsOf('worker');

    expect(services.api.environment.SAMPLES_URL).toBe('http://api:3000');
    expect(worker.ALLOW_PRIVATE).toEqual(['api:3000']);
  });

  it('publishes the API on this machine only, and nothing else', () => {
    expect(services.api.ports).toEqual(['127.0.0.1:3000:3000']);
    for (const name of ['worker', 'mysql', 'redis']) expect(services[name]).not.toHaveProperty('ports');
    for (const name of ours) expect(settingsOf(name).HOST).toBe('0.0.0.0');
  });

  it('gives the containers longer to stop than the service takes', () => {
    for (const name of ours) expect(parseInt(services[name].stop_grace_period)).toBeGreaterThan(20);
  });
});

describe('the documentation', () => {
  it.each(['README.md', '.env.example', 'docker-compose.yml', 'docs/architecture.md', 'CONTRIBUTING.md'])(
    'has no key in %s that works',
    (file) => {
      const given = [...read(file).matchAll(/\b(API_KEYS|SECRET_KEY)=([\w-]{16,})/g)];
      for (const [, name, value] of given)
        expect(() => readSettings({ [name]: value })).toThrow(`${name} has a placeholder`);
    },
  );

  it('has each setting in the table of the README', () => {
    const rows = read('README.md')
      .match(/^\| `[A-Z].*$/gm)!
      .join('\n');
    for (const name of Object.keys(new Settings())) expect(rows).toContain(`\`${name}\``);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  it('names its images by exact version', () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);

    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^node:\d+\.\d+\.\d+-/);
  });

  it.each([200, 503])('has a health check that tells whether the process answers %d', async (status) => {
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/health/ready' ? status : 404).end(),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const command = JSON.parse(/^HEALTHCHECK[^]*?CMD (\[.*\])$/m.exec(dockerfile)![1]) as string[];

    const child = spawn(process.execPath, command.slice(1), {
      env: { PORT: String((server.address() as AddressInfo).port) },
    });
    const [code] = await once(child, 'exit');
    server.close();

    expect(command[0]).toBe('node');
    expect(code).toBe(status === 200 ? 0 : 1);
  });

  it('sets variables that exist', () => {
    const [, block] = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile)!;
    const names = [...block.matchAll(/([A-Z_]+)=/g)].map(([, name]) => name);

    expect(names.filter((name) => !FOREIGN.includes(name))).toEqual(['DATA_DIR']);
    expect(FOREIGN).toEqual(expect.arrayContaining(names.filter((name) => name !== 'DATA_DIR')));
  });

  it('copies files that exist, runs the built program, and not as root', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
      names.split(' '),
    );
    for (const name of copied) expect(() => read(name)).not.toThrow(/ENOENT/);
    const ignored = read('.dockerignore');
    for (const name of copied) expect(ignored).toContain(`!${name}`);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^CMD \["node", "dist\/src\/main\.js"\]$/m);
  });
});

/** `${NAME:-default}` becomes the default, `${NAME:?reason}` some value long enough for a key. */
function withoutVariables(value: string): string {
  return value
    .replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1')
    .replace(/\$\{[A-Z_]+:\?[^}]*\}/g, 'some-key-0123456789-0123456789-0123456789');
}
