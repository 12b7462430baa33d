import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { ROOT } from '../helpers/paths.js';

const MAIN = path.join(ROOT, 'dist/src/main.js');

/** The commands of docs/operations.md for backup and restore: of the embedded database, then of a server. */
const [section] = /## Backup and restore[^]*?\n(?=## )/.exec(
  readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8'),
)!;
const [embedded, restoreEmbedded, dump, restoreDump] = [...section.matchAll(/```bash\n([^]*?)```/g)].map(
  ([, commands]) => commands,
);

describeOnEachEngine('backup and restore by the words of docs/operations.md', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let folder: string;
  let port: string;
  let service: Service;
  let id: string;
  let output: string;

  beforeAll(async () => {
    installation = await engine.install();
    folder = mkdtempSync(path.join(tmpdir(), 'backup-'));
    const pictures = await Promise.all([1, 2].map((seed) => photo(60, 40, seed)));
    origin = await serveImages(Object.fromEntries(pictures.map((picture, at) => [`/${at}.jpg`, picture])));
    port = String(await freePort());
    service = await start(installation.environment);
    id = await service.client.accepted(csvOf([['Стул 🪑', [origin.url('/0.jpg'), origin.url('/1.jpg')]]]));
    await service.client.completed(id);
    output = (await service.client.get(`/requests/${id}/output.csv`)).text;
  });
  afterAll(async () => {
    await service.stop();
    await origin.close();
    await installation.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Always at the same address, which stands in the output. */
  const start = (environment: Record<string, string>) =>
    Service.start({ ...environment, PORT: port, ALLOW_PRIVATE: '127.0.0.1' });
  /** Runs a line as an operator in `folder` does, with what this machine calls things by. */
  const run = (line: string, environment: Record<string, string>) =>
    execFileSync('bash', ['-c', `set -e\n${line}`], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString();
  const verifying = (line: string) => line.replace('npm run verify', `${process.execPath} ${MAIN} --verify`);
  const isSame = async (restored: Service) => {
    expect((await restored.client.get(`/requests/${id}/output.csv`)).text).toBe(output);
    for (const { output_url } of await restored.client.images(id)) {
      const { status } = await restored.client.get(new URL(output_url).pathname);
      expect(status).toBe(200);
    }
    await restored.stop();
  };

  it('gives everything back', () => (engine.isShared ? ofServer() : ofEmbedded()));

  async function ofEmbedded() {
    symlinkSync(installation.environment.DATA_DIR, path.join(folder, 'data'));
    const [kill, ...copies] = embedded.trim().split('\n');

    run(kill, { PID: String(service.pid) });
    await service.stop();
    run(copies.join('\n'), {});
    const [unpack, verify] = restoreEmbedded.trim().split('\n');
    run(unpack, {});

    expect(run(verifying(verify), {})).toContain('Every row has its file, and every file its row.');
    await isSame(await start({ DATA_DIR: path.join(folder, 'restored') }));
  }

  async function ofServer() {
    const url = new URL(installation.environment.DATABASE_URL);
    const name = url.pathname.slice(1);
    const restored = `${name}_restored`;
    const { DATA_DIR, SECRET_KEY } = installation.environment;
    const adapted = (commands: string) =>
      verifying(commands)
        .replace(/-h db-host -u user -p/g, `-h ${url.hostname} -P ${url.port} -u ${url.username}`)
        .replace(/ images >/, ` ${name} >`)
        .replace(/\brestored (CHARACTER SET|< )/g, `${restored} $1`)
        .replace('mysql://user:password@db-host/restored', `mysql://${url.username}@${url.host}/${restored}`)
        .replace('SECRET_KEY=…', `SECRET_KEY='${SECRET_KEY}'`);

    run(adapted(dump), { DATA_DIR });
    await service.stop();

    expect(run(adapted(restoreDump), {})).toContain('Every row has its file, and every file its row.');
    url.pathname = `/${restored}`;
    const environment = {
      ...installation.environment,
      DATABASE_URL: url.href,
      QUEUE_PREFIX: `{${restored}}`,
    };
    await isSame(await start({ ...environment, DATA_DIR: path.join(folder, 'restored') }));
    run(`mysql -h ${url.hostname} -P ${url.port} -u ${url.username} -e 'DROP DATABASE ${restored}'`, {});
  }
});
