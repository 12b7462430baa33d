import { ConfigModule, registerAs } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Settings } from '../config/settings.js';
import { FileDownloader } from './download/file-downloader.js';
import { OutboundModule } from './outbound.module.js';

describe('OutboundModule', () => {
  it('gives out the guarded client, which sweeps what killed processes left', async () => {
    const values = Object.assign(new Settings(), {
      DATA_DIR: await mkdtemp(path.join(tmpdir(), 'outbound-')),
    });
    const orphan = path.join(values.dataPath('tmp'), 'download-0a1b.part');
    await mkdir(values.dataPath('tmp'));
    await writeFile(orphan, 'x');
    await utimes(orphan, new Date(0), new Date(0));

    const module = await Test.createTestingModule({
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          load: [registerAs('settings', () => values)],
        }),
        OutboundModule,
      ],
    }).compile();
    await module.init();

    const download = module
      .get(FileDownloader)
      .download('http://localhost:9/', { maxBytes: 1, timeoutMs: 30_000 });
    await expect(download).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(await readdir(values.dataPath('tmp'))).toEqual([]);
    await module.close();
    await rm(values.DATA_DIR, { recursive: true });
  });
});
