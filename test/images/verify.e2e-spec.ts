import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { Database } from '../../src/database/database.js';
import { FileEntity } from '../../src/database/entities/file.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { MAIN } from '../helpers/paths.js';

describeOnEachEngine('the stored files of an installation', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let csv: string;
  let id: string;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({ '/1.jpg': await photo(60, 40, 1), '/2.jpg': await photo(60, 40, 2) });
    csv = csvOf([['Стул 🪑', [origin.url('/1.jpg'), origin.url('/2.jpg')]]]);
    id = await app.client.accepted(csv);
    await app.client.completed(id);
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  /** What `npm run verify` prints, and its exit code. */
  async function verify(): Promise<{ lines: string[]; code: number }> {
    const child = spawn(process.execPath, [MAIN, '--verify'], {
      env: { PATH: process.env.PATH, ...installation.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = buffer(child.stdout);
    const [code] = await once(child, 'close');
    return {
      lines: String(await output)
        .trim()
        .split('\n')
        .sort(),
      code,
    };
  }

  it('hold the uploaded file, byte for byte, which nobody can fetch', async () => {
    const { manager } = app.nest.get(Database);
    const { uploadKey } = await manager.findOneByOrFail(RequestEntity, { id });

    const file = await app.nest.get(FileStorage).open(uploadKey!);

    expect(gunzipSync(await buffer(file!.content)).toString()).toBe(csv);
    expect(await manager.findOneBy(FileEntity, { key: uploadKey! })).toMatchObject({
      ...{ kind: 'upload', state: 'live', bytes: file!.bytes },
    });
    expect((await app.client.get(`/images/${uploadKey}`)).status).toBe(404);
  });

  it('are compared with their rows, and nothing is changed', async () => {
    expect(await verify()).toEqual({ lines: ['Every row has its file, and every file its row.'], code: 0 });

    const keys = (await app.client.images(id)).map(({ output_url }) => output_url.split('/images/')[1]);
    const folder = path.join(installation.environment.DATA_DIR, 'images');
    const fileOf = (key: string) => path.join(folder, key.slice(0, 2), key.slice(2).replace('/', '-'));
    const { manager } = app.nest.get(Database);
    const image = await manager.findOneByOrFail(FileEntity, { key: keys[0] });
    await manager.insert(FileEntity, { ...image, key: `ee${'0'.repeat(30)}/image.jpg` }); // its file is on its way
    renameSync(fileOf(keys[0]), path.join(folder, 'aside'));
    writeFileSync(fileOf(keys[1]), 'cut');
    mkdirSync(path.join(folder, 'ff'), { recursive: true });
    const stray = `ff${'0'.repeat(30)}/image.jpg`;
    writeFileSync(fileOf(stray), 'stray');
    const { uploadKey } = await manager.findOneByOrFail(RequestEntity, { id });
    await manager.delete(FileEntity, { key: uploadKey! });
    const before = await manager.find(FileEntity);

    const { lines, code } = await verify();

    const bytes = before.find(({ key }) => key === keys[1])!.bytes;
    const upload = path.join(folder, uploadKey!);
    expect(code).toBe(1);
    expect(lines).toEqual([
      '6 differences',
      `file missing ${keys[0]} references=1`,
      `other size ${keys[1]} expected=${bytes} found=3`,
      expect.stringMatching(`^reference to nothing ${uploadKey} by=request `),
      expect.stringMatching(`^row missing aside bytes=`),
      `row missing ${stray} bytes=5`,
      expect.stringMatching(`^row missing ${uploadKey} bytes=`),
    ]);
    expect(await manager.find(FileEntity)).toEqual(before);
    expect(existsSync(upload)).toBe(true);
  });
});
