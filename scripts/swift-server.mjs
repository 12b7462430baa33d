// OpenStack Swift, which speaks S3: a real object storage that somebody else wrote, from Debian's packages swift-proxy,
// swift-account, swift-container, swift-object, swift and memcached.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PROGRAMS = ['swift-proxy-server', 'swift-ring-builder', 'memcached'];
const PIPELINE = [
  ...['catch_errors', 'gatekeeper', 'healthcheck', 'cache', 'listing_formats', 'bulk'],
  ...['s3api', 'tempauth', 'copy', 'slo', 'dlo'],
];

export const SWIFT_KEYS = { AWS_ACCESS_KEY_ID: 'test:tester', AWS_SECRET_ACCESS_KEY: 'testing' };

/**
 * Starts it with data in `folder`. `find` gives the path of a program, `run` starts one, `freePort` gives a port.
 * @returns its address, to be asked under /healthcheck until it is ready; null where it is not installed
 */
export async function startSwift({ folder, find, run, freePort }) {
  if (!PROGRAMS.every(find)) return null;
  const ports = {};
  for (const name of ['account', 'container', 'object', 'proxy', 'memcached']) ports[name] = await freePort();
  mkdirSync(path.join(folder, 'node/d1'), { recursive: true });
  const write = (name, sections) => writeFileSync(path.join(folder, name), ini(sections));

  write('swift.conf', {
    'swift-hash': { swift_hash_path_suffix: 'test', swift_hash_path_prefix: 'test' },
    'storage-policy:0': { name: 'gold', default: 'yes' },
  });
  for (const name of ['account', 'container', 'object']) {
    const storage = { devices: path.join(folder, 'node'), mount_check: 'false', disable_fallocate: 'true' };
    write(`${name}.conf`, {
      DEFAULT: { ...common(folder, ports[name]), ...storage },
      'pipeline:main': { pipeline: `${name}-server` },
      [`app:${name}-server`]: { use: `egg:swift#${name}` },
    });
    makeRing(find, folder, name, ports[name]);
  }
  write('proxy.conf', proxy(folder, ports));

  run(find('memcached'), ['-u', 'root', '-l', '127.0.0.1', '-p', String(ports.memcached), '-m', '16']);
  for (const name of ['account', 'container', 'object', 'proxy'])
    run(find(`swift-${name}-server`), [path.join(folder, `${name}.conf`)]);
  return `http://127.0.0.1:${ports.proxy}`;
}

function common(folder, port) {
  const address = { bind_ip: '127.0.0.1', bind_port: port };
  return { ...address, user: process.env.USER || 'root', swift_dir: folder, workers: 0 };
}

function proxy(folder, ports) {
  const filters = Object.fromEntries(
    PIPELINE.map((name) => [`filter:${name}`, { use: `egg:swift#${name}` }]),
  );
  filters['filter:cache'] = {
    use: 'egg:swift#memcache',
    memcache_servers: `127.0.0.1:${ports.memcached}`,
  };
  Object.assign(filters['filter:tempauth'], { user_test_tester: 'testing .admin' });
  Object.assign(filters['filter:s3api'], {
    s3_acl: 'false',
    check_bucket_owner: 'false',
    location: 'us-east-1',
    min_segment_size: 5 * 1024 * 1024,
  });
  return {
    DEFAULT: common(folder, ports.proxy),
    'pipeline:main': { pipeline: [...PIPELINE, 'proxy-server'].join(' ') },
    'app:proxy-server': {
      use: 'egg:swift#proxy',
      allow_account_management: 'true',
      account_autocreate: 'true',
    },
    ...filters,
  };
}

/** Which server has which file: one server, one disk, one copy. */
function makeRing(find, folder, name, port) {
  const builder = path.join(folder, `${name}.builder`);
  const steps = [['create', '8', '1', '0'], ['add', `r1z1-127.0.0.1:${port}/d1`, '1'], ['rebalance']];
  for (const step of steps) {
    const { status, stdout } = spawnSync(find('swift-ring-builder'), [builder, ...step], {
      encoding: 'utf8',
    });
    if (status > 1) throw new Error(`swift-ring-builder ${step[0]}: ${stdout}`); // 1 is a warning
  }
}

function ini(sections) {
  return Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
      return [`[${name}]`, ...lines, ''].join('\n');
    })
    .join('\n');
}
