import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings } from '../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { describeOnServers, type Installation } from '../helpers/app/engines.js';
import { expectExact, GatedOrigin, inputOf } from '../helpers/app/gated-request.js';
import { freePort, Service } from '../helpers/app/service.js';
import { until } from '../helpers/wait.js';

/** What the server still does for a process that is frozen ends before. */
const STATEMENT_ENDS_WITHIN_MS = 100;
const OPEN_TRANSACTIONS = `
  SELECT COUNT(*) AS open FROM information_schema.innodb_trx
  JOIN information_schema.processlist ON id = trx_mysql_thread_id
  WHERE db = DATABASE() AND trx_rows_modified > 0`;

describeOnServers('several processes', (engine) => {
  let installation: Installation;
  let origin: GatedOrigin;
  const services = new Set<Service>();

  beforeEach(async () => {
    installation = await engine.install();
    origin = await GatedOrigin.start();
  });
  afterEach(async () => {
    await Promise.all([...services].map((service) => service.kill()));
    services.clear();
    await origin.close();
    await installation.remove();
  });

  async function start(MODE: string, environment: Record<string, string> = {}): Promise<Service> {
    const service = await Service.start({
      ...installation.environment,
      PORT: '0',
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      DOWNLOADS_IN_FLIGHT: '8',
      ...environment,
      MODE,
    });
    services.add(service);
    return service;
  }

  it('share the work, and finish exactly when workers are killed', async () => {
    const PORT = String(await freePort());
    const PUBLIC_URL = `http://127.0.0.1:${PORT}`;
    const api = await start('api', { PORT });
    let [first, second] = [await start('worker', { PUBLIC_URL }), await start('worker', { PUBLIC_URL })];
    const input = inputOf(origin);
    const id = await api.client.accepted(input);

    await origin.allow(20);
    await first.kill();
    first = await start('worker', { PUBLIC_URL });
    await origin.allow(20);
    await second.kill();
    second = await start('worker', { PUBLIC_URL });
    origin.open();

    await api.client.completed(id);
    await expectExact(api.client, id, input);
    expect((await first.client.get('/health/ready')).json).toMatchObject({ status: 'ok', mode: 'worker' });
    expect((await first.client.get(`/status/${id}`)).status).toBe(404);
    expect(await statusFor(second.client.url, 'worker-2.cluster.local')).toBe(200); // a probe names it as it likes
  });

  it('finish exactly although one is frozen until others have done its work, and then goes on', async () => {
    const api = await start('api');
    const PUBLIC_URL = api.client.url;
    const frozen = await start('worker', { PUBLIC_URL });
    const input = inputOf(origin);
    const id = await api.client.accepted(input);
    await origin.allow(20);
    process.kill(frozen.pid, 'SIGSTOP');

    const other = await start('worker', { PUBLIC_URL });
    origin.open();
    await api.client.completed(id); // when the leases of the frozen one have run out
    process.kill(frozen.pid, 'SIGCONT');
    await until(() => frozen.log.includes('taken over by another worker'));

    await expectExact(api.client, id, input);
    expect([frozen.isRunning, other.isRunning]).toEqual([true, true]);
  });

  it('finish exactly although one is frozen with a transaction open, whose locks nobody else gets', async () => {
    const api = await start('api');
    const PUBLIC_URL = api.client.url;
    const frozen = await start('worker', { PUBLIC_URL });
    const input = inputOf(origin);
    const id = await api.client.accepted(input);
    for (let further = 0; further < 4; further++) await api.client.accepted(input); // so that it has enough to do
    origin.open();
    await freezeInTransaction(frozen.pid);

    await start('worker', { PUBLIC_URL });

    await api.client.completed(id); // when the server has ended the transaction
    process.kill(frozen.pid, 'SIGCONT');
    await expectExact(api.client, id, input);
    await until(async () => (await frozen.client.get('/health/ready')).json.status === 'ok');
  });

  /** Stops it, again and again for a moment, until the server says that a transaction of it is open. */
  async function freezeInTransaction(pid: number): Promise<void> {
    const dataSource = await openDataSource({
      ...dataSourceOptions(readSettings(installation.environment)),
      migrationsRun: false,
    });
    await until(async () => {
      process.kill(pid, 'SIGSTOP');
      await sleep(STATEMENT_ENDS_WITHIN_MS);
      const [{ open }] = await dataSource.query(OPEN_TRANSACTIONS);
      if (Number(open) === 0) process.kill(pid, 'SIGCONT');
      return Number(open) > 0;
    });
    await dataSource.destroy();
  }

  it('finish exactly when Redis loses everything in mid-work', async () => {
    const api = await start('api');
    const worker = await start('worker', { PUBLIC_URL: api.client.url });
    const input = inputOf(origin);
    const id = await api.client.accepted(input);
    await origin.allow(20);

    await flush(process.env.TEST_REDIS_URL!, installation.environment.QUEUE_PREFIX);
    origin.open();

    await api.client.completed(id);
    await expectExact(api.client, id, input);
    expect(worker.isRunning).toBe(true);
  });

  it('take uploads while no worker runs, and finish them when one comes', async () => {
    const api = await start('api');
    const input = inputOf(origin);
    const id = await api.client.accepted(input);
    origin.open();
    expect((await api.client.get(`/status/${id}`)).json).toEqual({ status: 'Pending' });

    await start('worker', { PUBLIC_URL: api.client.url });

    await api.client.completed(id);
    await expectExact(api.client, id, input);
  });
});

function statusFor(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/health/live`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    request.on('error', reject);
  });
}

/** Deletes this installation's keys only: the server may be somebody's. */
async function flush(redisUrl: string, prefix: string): Promise<void> {
  const { hostname, port, pathname } = new URL(redisUrl);
  const script = "for _, key in ipairs(redis.call('keys', ARGV[1])) do redis.call('del', key) end";
  const pattern = `${prefix.replace(/[{}]/g, '?')}*`;
  const socket = connect(Number(port), hostname);
  socket.resume().write(`SELECT ${pathname.slice(1) || 0}\r\nEVAL "${script}" 0 ${pattern}\r\nQUIT\r\n`);
  await once(socket, 'close'); // after QUIT, which is answered last
}
