import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.mjs';
import { startSwift } from './swift-server.mjs';

const READY_WITHIN_MS = 400_000;
const EVERY_MS = 100;

/** Servers of the tests' own: on free ports, with data that is removed in the end. */
export class PrivateServers {
  folder = mkdtempSync(path.join(tmpdir(), 'image-processing-test-'));
  children = [];
  /** File with the certificate of the authority of the database; undefined where it has no TLS. */
  certificates;

  /** Starts MariaDB or MySQL and gives its address, or null where neither is installed. */
  async startMysql() {
    const data = path.join(this.folder, 'mysql');
    const server = find('mariadbd') ?? find('mysqld');
    if (!server) return null;
    initialize(server, data);
    // A server that starts removes the temporary files of all others in the same folder.
    const temporary = path.join(this.folder, 'mysql-tmp');
    mkdirSync(temporary);
    const port = await freePort();
    const options = [
      '--no-defaults',
      ...asRoot(),
      `--datadir=${data}`,
      `--tmpdir=${temporary}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
    ];
    const sockets = [
      `--socket=${path.join(this.folder, 'mysql.sock')}`,
      `--pid-file=${path.join(this.folder, 'mysql.pid')}`,
    ];
    const tls = this.makeCertificates();
    // Durable writes are the server's own matter, and slow on a shared disk.
    this.run(server, [
      ...options,
      ...sockets,
      ...tls,
      '--innodb-flush-log-at-trx-commit=0',
      '--skip-log-bin',
    ]);
    const url = `mysql://root@127.0.0.1:${port}/mysql`;
    await ready(async () => (await createConnection(url)).end());
    return url;
  }

  /** A certificate for `localhost`, which {@link certificates} vouches for; nothing where there is no openssl. */
  makeCertificates() {
    if (!find('openssl')) return [];
    const [ca, caKey, key, request, certificate] = ['ca.pem', 'ca.key', 'tls.key', 'tls.csr', 'tls.pem'].map(
      (name) => path.join(this.folder, name),
    );
    const extension = path.join(this.folder, 'tls.ext');
    writeFileSync(extension, 'subjectAltName=DNS:localhost\n');
    const newKey = ['-newkey', 'rsa:2048', '-nodes'];
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      caKey,
      '-out',
      ca,
      '-days',
      '2',
      '-subj',
      '/CN=Test authority',
    );
    openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', '/CN=localhost');
    const signed = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extension];
    openssl('x509', '-req', '-in', request, '-out', certificate, ...signed);
    this.certificates = ca;
    return [`--ssl-ca=${ca}`, `--ssl-cert=${certificate}`, `--ssl-key=${key}`];
  }

  /** Starts Redis and gives its address, or null where it is not installed. */
  async startRedis() {
    const server = find('redis-server') ?? find('valkey-server');
    if (!server) return null;
    const port = await freePort();
    this.run(server, [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      this.folder,
      '--appendonly',
      'no',
    ]);
    await ready(() => pong(port));
    return `redis://127.0.0.1:${port}/0`;
  }

  /** Starts Swift and gives the address of its S3, or null where it is not installed. */
  async startS3() {
    const folder = path.join(this.folder, 'swift');
    mkdirSync(folder, { recursive: true });
    const url = await startSwift({ folder, find, run: this.run.bind(this), freePort });
    if (url) await ready(async () => assertOk(await fetch(`${url}/healthcheck`)));
    return url;
  }

  async stop() {
    for (const child of this.children) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(forced);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  run(command, args) {
    this.children.push(spawn(command, args, { stdio: 'ignore' }));
  }
}

function openssl(...args) {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}

function initialize(server, data) {
  mkdirSync(data, { recursive: true });
  const installer = path.basename(server) === 'mariadbd' && find('mariadb-install-db');
  const [command, args] = installer
    ? [
        installer,
        [
          '--no-defaults',
          `--datadir=${data}`,
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
          ...asRoot(),
        ],
      ]
    : [server, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...asRoot()]];
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
}

function asRoot() {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

function find(program) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => path.join(folder, program)).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Redis answers a plain-text PING. */
function pong(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (answer) => {
      socket.destroy();
      if (String(answer).startsWith('+PONG')) resolve();
      else reject(new Error(`Redis says ${answer}`));
    });
    socket.once('error', reject);
  });
}

function assertOk(response) {
  if (!response.ok) throw new Error(`${response.url} says ${response.status}`);
}

async function ready(attempt) {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(EVERY_MS);
    }
  }
}
