import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../paths.js';

const UUID = '00000000-0000-4000-8000-000000000000';
/** Stands in a path for the id of something that is there. */
export const THERE = '{there}';
/** Who calls a service that has keys. */
export const CALLERS = [
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

/** Each route of the description, with the names of its query. */
const DESCRIBED = Object.entries(
  (JSON.parse(readFileSync(path.join(ROOT, 'openapi.json'), 'utf8')) as Description).paths,
).map(([template, operations]) => {
  const parameters = Object.values(operations).flatMap(({ parameters = [] }) => parameters);
  const names = parameters.flatMap(({ in: place, name }) => (place === 'query' ? [name] : []));
  return { route: template.replaceAll(/\{\w+\}/g, ':id'), names: [...new Set(names)] };
});

interface Description {
  paths: Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>;
}

// No address of others: the hosts are refused by their spelling, so that nothing is looked up.
const urls = fc.constantFrom(
  'http://127.0.0.1/a.jpg',
  'http://[::1]/',
  'https://10.0.0.1:8443/x',
  'ftp://127.0.0.1/',
);
/** Text of one line, as bytes. */
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replace(/[\r\n\0]/g, ' '));
const times = fc.constantFrom(
  ...['2026-01-31', '2026-01-31T12:00:00Z', '2026-W05', '2026-032', '2026-02-30', '2026-02-01T24'],
  ...['2026-01-31T12:00:00,5Z', '+275760-09-14T00:00:00Z', '-000001-01-01T00:00:00Z', '0000-01-01'],
);
const value = fc.oneof(
  text,
  urls,
  times,
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
const routeAndQuery = fc.oneof(
  fc.tuple(fc.constantFrom(...ROUTES), fc.dictionary(name, value)),
  fc
    .constantFrom(...DESCRIBED)
    .chain(({ route, names }) =>
      fc.tuple(
        fc.constant(route),
        names.length > 0 ? fc.dictionary(fc.constantFrom(...names), value) : fc.constant({}),
      ),
    ),
);
const target = fc
  .tuple(routeAndQuery, fc.array(segment, { minLength: 3, maxLength: 3 }))
  .map(([[route, query], segments]) => {
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
/** Calls of any method, path, headers and body: right, almost right, and nonsense. */
export const anyCall = fc.record({
  /** Where the service has keys. */
  by: fc.constantFrom(...CALLERS),
  method: fc.constantFrom(
    'GET',
    'GET',
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
  path: target,
  headers: fc.array(header, { maxLength: 4 }),
  body,
  /** How the end of the body is given. */
  framing: fc.constantFrom('length', 'length', 'length', 'chunked', 'too short', 'cut off'),
});

/** One of {@link anyCall}. */
export type AnyCall = typeof anyCall extends fc.Arbitrary<infer Value> ? Value : never;

function encoded(raw: string): string {
  return encodeURIComponent(Buffer.from(raw).toString()); // lone surrogates can't be encoded
}

function stringify(json: unknown): string {
  return JSON.stringify(json);
}
