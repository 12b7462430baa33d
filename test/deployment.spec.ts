import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { readSettings, Settings } from '../src/config/settings.js';

const ROOT = path.resolve(__dirname, '..');
const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');

/** What the image sets for Node and for the allocator, not for us. */
const FOREIGN = ['NODE_ENV', 'UV_THREADPOOL_SIZE', 'MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_'];

describe('docker-compose.yml', () => {
  const { services, volumes } = parse(read('docker-compose.yml'), { merge: true });
  const ours = ['api', 'worker'];

  it.each(ours)('gives %s settings that exist and work together', (name) => {
    const environment = Object.fromEntries(
      Object.entries<string>(services[name].environment).map(([variable, value]) => [
        variable,
        withoutVariables(String(value)),
      ]),
    );

    expect(Object.keys(new Settings())).toEqual(expect.arrayContaining(Object.keys(environment)));
    expect(readSettings(environment).MODE).toBe(name);
  });

  it('has each service and volume that it refers to, and a health check for each that others wait for', () => {
    for (const name of ours) {
      for (const other of Object.keys(services[name].depends_on))
        expect(services[other].healthcheck).toBeDefined();
      for (const volume of services[name].volumes)
        expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
  });

  it('gives the containers longer to stop than the service takes', () => {
    for (const name of ours) expect(parseInt(services[name].stop_grace_period)).toBeGreaterThan(20);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

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
