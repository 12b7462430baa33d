import { readdirSync } from 'node:fs';
import path from 'node:path';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { Service } from '../helpers/app/service.js';
import { RawConnection } from '../helpers/servers/raw-connection.js';
import { until } from '../helpers/wait.js';

/** With names of 400 characters enough for some hundred milliseconds of work. */
const ROWS = 30_000;
const BOUNDARY = 'a-boundary';

const csv = csvOf(
  Array.from({ length: ROWS }, (_, row): [string, string[]] => [
    `${'Mug '.repeat(100)}${row}`,
    [`http://10.0.0.1/${row}`],
  ]),
);

describeOnEachEngine('a client that leaves before its answer', (engine) => {
  let installation: Installation;
  let service: Service;
  let connection: RawConnection;
  let dataDir: string;

  beforeAll(async () => {
    installation = await engine.install();
    service = await Service.start({ ...installation.environment, PORT: '0' });
    dataDir = installation.environment.DATA_DIR;
  });
  afterAll(async () => {
    await service.stop();
    await installation.remove();
  });
  afterEach(() => connection.destroy());

  it('is no fault of ours while its file is worked on once more', async () => {
    const id = await service.client.accepted(csv);

    send(`/requests/${id}/rerun`, ['Content-Type: application/json'], '{"name":"once more"}');
    await until(() => spooled().some((name) => name.startsWith('rerun-')));

    await expectNoFaultAfterLeaving();
  });

  it('is no fault of ours while its cells are mended', async () => {
    const patches = JSON.stringify([{ line: 2, column: 2, value: 'Cup' }]);
    send(
      '/upload?dry_run=true',
      [`Content-Type: multipart/form-data; boundary=${BOUNDARY}`],
      form({ patches }),
    );
    await until(() => spooled().some((name) => name.endsWith('.patched')));

    await expectNoFaultAfterLeaving();
  });

  it('is no fault of ours while it reads the cleaned file', async () => {
    const type = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`;
    send('/upload?dry_run=true', ['Accept: text/csv', type], form({}));
    await until(() => connection.received.length > 0);

    await expectNoFaultAfterLeaving();
  });

  function send(target: string, headers: string[], body: string): void {
    connection = new RawConnection(service.client.url);
    const { host } = new URL(service.client.url);
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    connection.send([`POST ${target} HTTP/1.1`, `Host: ${host}`, ...headers, length, '', body].join('\r\n'));
  }

  /** Files of calls that are worked on. */
  function spooled(): string[] {
    return readdirSync(path.join(dataDir, 'uploads'));
  }

  async function expectNoFaultAfterLeaving(): Promise<void> {
    connection.destroy();
    await until(() => spooled().length === 0);
    expect((await service.client.get('/health/live')).status).toBe(200);
    expect(service.log).not.toMatch(/ERROR/);
  }
});

function form(fields: Record<string, string>): string {
  const part = (disposition: string, content: string) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
  const parts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value));
  return [...parts, part('name="file"; filename="products.csv"', csv), `--${BOUNDARY}--\r\n`].join('');
}
