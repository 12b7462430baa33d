import { once } from 'node:events';
import { get, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Papa from 'papaparse';
import sharp from 'sharp';
import { readSettings } from '../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { type Client, csvOf } from '../helpers/app/client.js';
import { describeOnServers, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { describeOnEachStorage } from '../helpers/app/storages.js';
import { until } from '../helpers/wait.js';

const ROWS = 30;
const IMAGES_PER_ROW = 3;
const IMAGES = ROWS * IMAGES_PER_ROW;

/** What the server still does for a process that is frozen ends before. */
const STATEMENT_ENDS_WITHIN_MS = 100;
const OPEN_TRANSACTIONS = `
  SELECT COUNT(*) AS open FROM information_schema.innodb_trx
  JOIN information_schema.processlist ON id = trx_mysql_thread_id
  WHERE db = DATABASE() AND trx_rows_modified > 0`;

/** An origin that answers as many requests as the test allows, and holds the others: work stands still in between. */
class GatedOrigin {
  private readonly held: (() => void)[] = [];
  private origin!: ImageOrigin;
  private allowed = 0;
  private answered = 0;

  /** Every image is another; those whose number is a multiple of ten are a 404. */
  static async start(): Promise<GatedOrigin> {
    const gate = new GatedOrigin();
    const pictures = await Promise.all([1, 2, 3, 4].map((seed) => photo(320, 240, seed)));
    const replies = Array.from({ length: IMAGES }, (_, image) => [
      `/${image}.jpg`,
      (_request: unknown, response: ServerResponse) => {
        gate.hold(response, () => {
          if (image % 10 === 0) response.writeHead(404).end();
          else response.end(pictures[image % pictures.length]);
        });
      },
    ]);
    gate.origin = await serveImages(Object.fromEntries(replies));
    return gate;
  }

  url(path: string): string {
    return this.origin.url(path);
  }

  /** Answers so many more requests, and returns when it has, and at least one more is held. */
  async allow(count: number): Promise<void> {
    this.allowed += count;
    this.answer();
    await until(() => this.answered === this.allowed && this.held.length > 0);
  }

  /** Answers all requests from now on. */
  open(): void {
    this.allowed = Infinity;
    this.answer();
  }

  close(): Promise<void> {
    return this.origin.close();
  }

  private hold(response: ServerResponse, reply: () => void): void {
    this.held.push(reply);
    // A request of a process that was killed is no longer held.
    response.once('close', () => {
      const index = this.held.indexOf(reply);
      if (index >= 0) this.held.splice(index, 1);
    });
    this.answer();
  }

  private answer(): void {
    while (this.held.length > 0 && this.answered < this.allowed) {
      this.answered++;
      this.held.shift()!();
    }
  }
}

function inputOf(origin: GatedOrigin): string {
  return csvOf(
    Array.from({ length: ROWS }, (_, row) => [
      `Product ${row}`,
      Array.from({ length: IMAGES_PER_ROW }, (_, position) =>
        origin.url(`/${row * IMAGES_PER_ROW + position}.jpg`),
      ),
    ]),
  );
}

/** Every image in its place, none lost, none counted twice, and what is said to be there is there. */
async function expectExact(client: Client, id: string, input: string): Promise<void> {
  const { json } = await client.get(`/requests/${id}`);
  const failed = Math.ceil(IMAGES / 10);
  expect(json.counts).toEqual({
    products: ROWS,
    images: IMAGES,
    pending: 0,
    processing: 0,
    done: IMAGES - failed,
    failed,
    cancelled: 0,
  });
  const { text } = await client.get(`/requests/${id}/output.csv`);
  const rows = Papa.parse<string[]>(text.trim()).data;
  expect(rows.map((row) => row.slice(0, 3))).toEqual(Papa.parse<string[]>(input.trim()).data);
  const outputs = rows.slice(1).flatMap((row) => row[3].split(','));
  expect(outputs).toHaveLength(IMAGES);

  const images = await client.images(id);
  let bytes = 0;
  for (const [index, url] of outputs.entries()) {
    expect([index, url === '']).toEqual([index, index % 10 === 0]);
    if (url === '') continue;
    const content = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(await sharp(content).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
    expect(content.length).toBe(images[index].output.bytes);
    bytes += content.length;
  }
  expect(json.bytes.output).toBe(bytes);
}

describeOnEachStorage('a process killed in mid-request', (engine) => {
  let installation: Installation;
  let origin: GatedOrigin;
  let services: Service[];

  beforeEach(async () => {
    installation = await engine.install();
    origin = await GatedOrigin.start();
    services = [];
  });
  afterEach(async () => {
    await Promise.all(services.map((service) => service.kill()));
    await origin.close();
    await installation.remove();
  });

  async function start(environment: Record<string, string> = {}): Promise<Service> {
    const service = await Service.start({
      ...installation.environment,
      PORT: '0',
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      DOWNLOADS_IN_FLIGHT: '16',
      ...environment,
    });
    services.push(service);
    return service;
  }

  it('finishes exactly, however often the all-in-one process is killed', async () => {
    const PORT = String(await freePort());
    const input = inputOf(origin);
    let service = await start({ PORT });
    const id = await service.client.accepted(input);

    for (let kills = 0; kills < 4; kills++) {
      await origin.allow(5 + 10 * kills);
      await service.kill();
      service = await start({ PORT });
    }
    origin.open();

    await service.client.completed(id);
    await expectExact(service.client, id, input);
  });

  it('ends on SIGTERM in good order, and a later process goes on at once', async () => {
    const PORT = String(await freePort());
    const input = inputOf(origin);
    const first = await start({ PORT, LEASE_SECONDS: '600' });
    const id = await first.client.accepted(input);
    await origin.allow(20);

    const stopping = first.stop();
    origin.open();
    await stopping;
    expect(first.log).not.toMatch(/ERROR/);

    const second = await start({ PORT, LEASE_SECONDS: '600' });
    await second.client.completed(id); // with leases of ten minutes: they were given back
    await expectExact(second.client, id, input);
  });

  it('shows no request of which an upload was cut off, and leaves nothing of it', async () => {
    const PORT = String(await freePort());
    const service = await start({ PORT });
    const rows = Array.from({ length: 30_000 }, (_, row): [string, string[]] => [
      `Product ${row}`,
      [origin.url('/1.jpg')],
    ]);
    const upload = service.client.upload(csvOf(rows)).catch(() => null);
    const database = await openDataSource(dataSourceOptions(readSettings(installation.environment)));
    await until(async () => (await database.manager.count(ImageEntity)) > 0);
    await database.destroy();

    await service.kill();

    const answered = await upload;
    const again = await start({ PORT });
    if (answered === null) expect(again.log).not.toMatch(/ERROR/);
    else expect((await again.client.get(`/status/${answered.json.request_id}`)).status).toBe(200);
  });
});

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
