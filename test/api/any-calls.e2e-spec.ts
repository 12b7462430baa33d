import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { type AnyCall, anyCall, CALLERS, THERE } from '../helpers/app/any-call.js';
import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Engine, type Installation } from '../helpers/app/engines.js';
import { propertyRuns } from '../helpers/property-runs.js';
import { RawConnection } from '../helpers/servers/raw-connection.js';
import { Service } from '../helpers/app/service.js';

const RUNS = propertyRuns(400, { isApart: true });
/** Timers count to 2^31 ms; `npm run fuzz` asks for more runs than fit. */
const TIMEOUT_MS = Math.min(600_000 + RUNS * 200, 2 ** 31 - 1);
/** How much the process may grow between the first and the last quarter of the calls. */
const MAX_GROWTH_MIB = 80;

/** Requests and webhooks that are there at first. */
const THINGS = 40;

const ADMIN = 'admin-key-0123456789';
type Keys = Record<(typeof CALLERS)[number], string>;

describeOnEachEngine('calls of any kind', (engine) => {
  describe.each([false, true])('where the service has keys: %s', (hasKeys) =>
    callsOfAnyKind(engine, hasKeys),
  );
});

function callsOfAnyKind(engine: Engine, hasKeys: boolean): void {
  let installation: Installation;
  let service: Service;
  let keys: Keys | null = null;
  let there: string[];

  beforeAll(async () => {
    installation = await engine.install();
    const ofKeys = { API_KEYS: ADMIN, TRUST_PROXY: '1', CALLS_PER_MINUTE: '0', UPLOADS_PER_MINUTE: '0' };
    service = await Service.start({ ...installation.environment, ...(hasKeys ? ofKeys : {}), PORT: '0' });
    if (hasKeys) keys = await makeKeys(service.client.url);
    there = await makeThings(
      new Client(service.client.url, keys ? { authorization: `Bearer ${keys.writer}` } : {}),
    );
  });
  afterAll(async () => {
    await service.stop();
    await installation.remove();
  });

  it('log no fault of ours where no HTTP follows a call', async () => {
    for (const path of ['/', '/docs', '/samples/products.csv', '/requests'])
      for (let call = 0; call < 10; call++) {
        const connection = new RawConnection(service.client.url);
        const { host } = new URL(service.client.url);
        connection.send(
          `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\n\r\n{}no HTTP\r\n\r\n`,
        );
        await connection.closed();
      }

    expect(service.log).not.toMatch(/ERROR/);
  });

  it(
    'are each answered, never with a 5xx, and leave the process as large as it was',
    async () => {
      const sizes: number[] = [];
      const property = fc.asyncProperty(anyCall, async (given) => {
        const answer = await answerTo(service, given, keys, there[sizes.length % there.length]);

        if (answer !== '' || given.framing !== 'cut off') expect(answer).toMatch(/^HTTP\/1\.1 [1-4]\d\d /);
        expect(service.isRunning).toBe(true);
        sizes.push(residentMiB(service.pid));
      });

      await fc.assert(property, { numRuns: RUNS });

      const quarter = Math.ceil(sizes.length / 4);
      const growth = median(sizes.slice(-quarter)) - median(sizes.slice(0, quarter));
      expect(growth).toBeLessThan(MAX_GROWTH_MIB);
      expect((await service.client.get('/health/live')).status).toBe(200);
      expect(service.log).not.toMatch(/unexpected|ERROR/);
    },
    TIMEOUT_MS,
  );
}

/** Keys of every kind, dead ones and tokens included. */
async function makeKeys(url: string): Promise<Keys> {
  const admin = new Client(url, { authorization: `Bearer ${ADMIN}` });
  const make = async (role: string, owner?: string) =>
    (await admin.send('POST', '/keys', { name: role, role, owner })).json as { id: string; key: string };
  const tokenOf = async (key: string) =>
    (await new Client(url, { authorization: `Bearer ${key}` }).send('POST', '/tokens', {})).json
      .token as string;
  const [writer, reader] = [await make('write', 'shop'), await make('read', 'shop')];
  const [other, dead] = [await make('write'), await make('write', 'shop')];
  const [token, deadToken] = [await tokenOf(writer.key), await tokenOf(dead.key)];
  await admin.send('DELETE', `/keys/${dead.id}`);
  const ofKeys = { writer: writer.key, reader: reader.key, other: other.key, dead: dead.key };
  return { nobody: '', wrong: 'wrong-key', admin: ADMIN, token, 'dead token': deadToken, ...ofKeys };
}

/** @returns the ids of requests that end at once, and of webhooks */
async function makeThings(client: Client): Promise<string[]> {
  const csv = csvOf([['Mug', ['http://10.0.0.1/a.jpg', 'http://10.0.0.1/b.jpg']]]);
  const made: Promise<string>[] = [];
  for (let index = 0; index < THINGS; index++) made.push(client.accepted(csv));
  const ids = await Promise.all(made);
  const url = 'https://[2001:db8::1]/hook';
  const { status, json } = await client.send('POST', '/webhooks', { url });
  return status === 201 ? [...ids, json.id] : ids;
}

/** Sends the call over a connection of its own, and gives what comes back until the service closes it. */
async function answerTo(
  service: Service,
  { method, path, headers, body, framing, by }: AnyCall,
  keys: Keys | null,
  there: string,
): Promise<string> {
  const connection = new RawConnection(service.client.url);
  const content = Buffer.from(body?.content ?? '', 'utf8');
  const isChunked = framing === 'chunked' && content.length > 0;
  const length =
    framing === 'too short' ? content.length >> 1 : content.length + (framing === 'cut off' ? 10 : 0);
  const lines = [
    `${method} ${path.replaceAll(THERE, there)} HTTP/1.1`,
    `Host: ${new URL(service.client.url).host}`,
    ...headers.map(([key, given]) => `${key}: ${given}`),
    ...(keys?.[by] ? [`Authorization: Bearer ${keys[by]}`] : []),
    ...(keys ? [`X-Forwarded-For: ${randomAddress()}`] : []), // wrong keys are counted by address
    'Connection: close',
    ...(body ? [`Content-Type: ${body.type}`] : []),
    ...(body ? [isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`] : []),
  ];
  const start = Buffer.from([...lines, '', ''].join('\r\n'), 'utf8');
  const chunk = [`${content.length.toString(16)}\r\n`, content, '\r\n0\r\n\r\n'];
  connection.send(start, ...(isChunked ? chunk : [content]));
  if (framing === 'cut off') connection.finish(); // then there may be no answer
  await connection.closed();
  return connection.received;
}

function randomAddress(): string {
  return `192.${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join('.')}`;
}

function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
