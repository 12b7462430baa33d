import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Engine, type Installation } from '../helpers/app/engines.js';
import { propertyRuns } from '../helpers/property-runs.js';
import { RawConnection } from '../helpers/servers/raw-connection.js';
import { Service } from '../helpers/app/service.js';

const RUNS = propertyRuns(400);
/** Timers count to 2^31 ms; `npm run fuzz` asks for more runs than fit. */
const TIMEOUT_MS = Math.min(60_000 + RUNS * 200, 2 ** 31 - 1);
/** How much the process may grow between the first and the last quarter of the calls. */
const MAX_GROWTH_MIB = 80;

const UUID = '00000000-0000-4000-8000-000000000000';
/** Stands for the id of something that is there. */
const THERE = '{there}';
/** Requests and webhooks that are there at first. */
const THINGS = 40;

const ADMIN = 'admin-key-0123456789';
const CALLERS = [
  'nobody',
  'wrong',
  'admin',
  'writer',
  'reader',
  'other',
  'token',
  'dead',
  'dead token',
] as const;
type Keys = Record<(typeof CALLERS)[number], string>;
const ROUTES = [
  ...['/', '/upload', '/status/:id', '/requests/:id', '/requests/:id/images', '/requests/:id/hosts'],
  ...[
    '/requests/:id/events',
    '/requests/:id/output.csv',
    '/requests/:id/errors.csv',
    '/requests/:id/images.zip',
    '/requests/:id/webhooks',
    '/webhooks',
  ],
  ...['/requests', '/requests/:id/cancel', '/requests/:id/retry', '/requests/:id/rerun'],
  ...['/requests/:id/images/1', '/requests/:id/images/:id', '/requests/:id/images/:id/redo'],
  ...['/requests/:id/images/1/redo', '/requests/:id/images/1/redo'],
  ...['/webhooks/:id', '/webhooks/:id/deliveries', '/webhooks/:id/rotate-secret', '/webhooks/:id/test'],
  ...['/webhooks/:id/replay', '/webhooks/deliveries/:id', '/webhooks/deliveries/:id/redeliver'],
  ...['/webhooks/service-secret', '/images/:id/:id', '/samples/:id', '/samples/products.csv', '/docs'],
  ...['/docs/:id', '/openapi.json', '/openapi.yaml', '/health/live', '/health/ready', '/metrics', '/:id'],
  ...['/requests', '/keys', '/keys/:id', '/keys/:id/rotate', '/tokens', '/usage', '/audit'],
  ...['/presets', '/presets/:id', '/channels', '/profiles', '/preview'],
];
const NAMES = [
  ...[
    'quality',
    'target',
    'format',
    'max_width',
    'effort',
    'metadata',
    'measure',
    'on_invalid',
    'dry_run',
    'webhook_url',
    'name',
    'labels',
    'image_name',
  ],
  ...[
    'codes',
    'fresh',
    'headers',
    'original',
    'undo',
    'preset',
    'for',
    'canvas',
    'fill',
    'renditions',
    'sizes',
  ],
  ...[
    'products',
    'options',
    'name',
    'role',
    'owner',
    'quotas',
    'expires_in',
    'max_bytes',
    'origin',
    'from',
    'to',
  ],
  ...['limit', 'cursor', 'status', 'safe', 'url', 'event_types', 'description', 'active', 'secret', 'since'],
  ...['__proto__', 'constructor', 'toString', 'a[b]', 'a[]', 'a[9999]', 'a[__proto__]', ''],
];

// No address of others: the hosts are refused by their spelling, so that nothing is looked up.
const urls = fc.constantFrom(
  'http://127.0.0.1/a.jpg',
  'http://[::1]/',
  'https://10.0.0.1:8443/x',
  'ftp://127.0.0.1/',
);
/** Text of one line, as bytes. */
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replace(/[\r\n\0]/g, ' '));
const value = fc.oneof(
  text,
  urls,
  fc.integer().map(String),
  fc.constantFrom('', 'true', 'skip', '50%', 'ssim:2'),
);
const segment = fc.oneof(
  fc.constantFrom(
    THERE,
    THERE,
    THERE,
    UUID,
    'x',
    '..',
    '%2e%2e',
    '%00',
    '%ff',
    '%',
    '%c0%af',
    '\\',
    "'",
    '~',
    '*',
    ':id',
    'a'.repeat(3000),
  ),
  text.map(encoded),
);
const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, text);
const path = fc
  .tuple(
    fc.constantFrom(...ROUTES),
    fc.array(segment, { minLength: 2, maxLength: 2 }),
    fc.dictionary(name, value),
  )
  .map(([route, segments, query]) => {
    const filled = segments.reduce((filled, each) => filled.replace(':id', () => each), route);
    const pairs = Object.entries(query).map(([key, given]) => `${encoded(key)}=${encoded(given)}`);
    return filled + (pairs.length > 0 ? `?${pairs.join('&')}` : '');
  });

interface Body {
  type: string;
  content: string;
}
const json = fc.oneof(
  fc.json({ maxDepth: 5 }),
  fc.dictionary(name, fc.oneof(value, fc.jsonValue())).map(stringify),
);
const form = fc
  .record({
    fields: fc.array(fc.tuple(name, value), { maxLength: 4 }),
    rows: fc.array(fc.oneof(urls, text), { maxLength: 5 }),
    file: fc.oneof(fc.constantFrom('a.csv', '', '..', 'a"b.csv'), text),
    end: fc.constantFrom('--x--\r\n', '--x--', '', '--x', '\r\n'),
  })
  .map(({ fields, rows, file, end }) =>
    [
      ...fields.map(
        ([key, given]) => `--x\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${given}\r\n`,
      ),
      `--x\r\nContent-Disposition: form-data; name="file"; filename="${file}"\r\n\r\n`,
      ['S. No.,Product Name,Input Image Urls', ...rows.map((row, index) => `${index},Mug,"${row}"`)].join(
        '\n',
      ),
      `\r\n${end}`,
    ].join(''),
  );
const body: fc.Arbitrary<Body | null> = fc.oneof(
  fc.constant(null),
  json.map((content) => ({ type: 'application/json', content })),
  form.map((content) => ({ type: 'multipart/form-data; boundary=x', content })),
  fc.record({
    type: fc.oneof(
      fc.constantFrom(
        'application/json; charset=utf-16',
        'application/json; charset=x',
        'multipart/form-data',
      ),
      fc.constantFrom('multipart/mixed; boundary=x', 'text/csv', 'application/x-www-form-urlencoded', ''),
      text,
    ),
    content: fc.oneof(text, form, json),
  }),
);
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      ...[
        'Accept',
        'Accept-Encoding',
        'If-None-Match',
        'If-Modified-Since',
        'Idempotency-Key',
        'Range',
        'X-Request-Id',
        'Last-Event-ID',
        'Prefer',
      ],
      ...[
        'Origin',
        'Authorization',
        'X-API-Key',
        'Cookie',
        'Content-Encoding',
        'X-Forwarded-For',
        'Sec-Fetch-Site',
      ],
    ),
    fc.oneof(
      text,
      fc.constantFrom(
        '*',
        'gzip',
        'text/csv',
        'bytes=0-',
        'Bearer x',
        'wait=0',
        '1.0',
        '*/*;q=x',
        '"a", W/"b"',
      ),
    ),
  ),
  fc.tuple(
    fc.constantFrom('Expect', 'Upgrade', 'Connection', 'TE'),
    fc.constantFrom('100-continue', 'x', 'upgrade'),
  ),
);
const call = fc.record({
  /** Where the service has keys. */
  by: fc.constantFrom(...CALLERS),
  method: fc.constantFrom(
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'QUERY',
  ),
  path,
  headers: fc.array(header, { maxLength: 4 }),
  body,
  /** How the end of the body is given. */
  framing: fc.constantFrom('length', 'length', 'length', 'chunked', 'too short', 'cut off'),
});

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
      const property = fc.asyncProperty(call, async (given) => {
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
  { method, path, headers, body, framing, by }: CallOf<typeof call>,
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

type CallOf<T> = T extends fc.Arbitrary<infer Value> ? Value : never;

function encoded(raw: string): string {
  return encodeURIComponent(Buffer.from(raw).toString()); // lone surrogates can't be encoded
}

function stringify(json: unknown): string {
  return JSON.stringify(json);
}

function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
