import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import type { ImageFacts } from '../../../src/compression/compress.js';
import { toCompressionOptions } from '../../../src/compression/options.js';
import { FileEntity } from '../../../src/database/entities/file.entity.js';
import { ImageEntity } from '../../../src/database/entities/image.entity.js';
import { RequestEntity } from '../../../src/database/entities/request.entity.js';
import { ImageProcessor } from '../../../src/images/processing/image-processor.js';
import { type ClaimedImage, ImageClaims } from '../../../src/images/scheduling/image-claims.js';
import {
  type Claim,
  ImageSettlement,
  type Settlement,
} from '../../../src/images/scheduling/image-settlement.js';
import { type OpenRequest, readOpenRequest } from '../../../src/images/scheduling/open-request.js';
import { JobQueue } from '../../../src/queue/job-queue.js';
import type { RequestDraft } from '../../../src/requests/intake/request-draft.js';
import { RequestsService } from '../../../src/requests/requests.service.js';
import type { Engine, Installation } from './engines.js';
import { openWorker } from './worker.js';

const FACTS: ImageFacts = { bytes: 100, format: 'jpeg', width: 1, height: 1 };
/** How an image ended well: one that `a/1.jpg` holds. */
export const DONE: Settlement = {
  status: 'done',
  download: { how: 'fetched', milliseconds: 120 },
  outcome: 'compressed',
  outputKey: 'a/1.jpg',
  renditions: [],
  isReused: false,
  input: FACTS,
  output: FACTS,
  report: { quality: 50, similarity: 0.9731, milliseconds: 12, notes: ['first_page_only'] },
};
export const FAILED: Settlement = {
  status: 'failed',
  download: null,
  code: 'HTTP_404',
  message: 'Gone.',
  retryable: false,
};
const LAYOUT = { columns: [], delimiter: ',', newline: '\n', bom: false, encoding: 'utf-8' } as const;

/** A worker whose requests, claims and settlements a test makes one by one; none of its rounds takes work by itself. */
export class SchedulingWorker {
  private constructor(
    private readonly installation: Installation,
    readonly worker: TestingModule,
  ) {}

  static async open(engine: Engine): Promise<SchedulingWorker> {
    const installation = await engine.install();
    const made = new SchedulingWorker(installation, await openWorker(installation));
    const file = {
      key: 'a/1.jpg',
      ownerKey: 1,
      kind: 'output',
      bytes: 100,
      contentType: 'image/jpeg',
    } as const;
    await made.manager().insert(FileEntity, { ...file, state: 'live', createdAt: 1 });
    return made;
  }

  async close(): Promise<void> {
    await this.worker.get(JobQueue).close();
    await this.worker.close();
    await this.installation.remove();
  }

  get claims(): ImageClaims {
    return this.worker.get(ImageClaims);
  }

  get settlement(): ImageSettlement {
    return this.worker.get(ImageSettlement);
  }

  manager = () => this.worker.get(DataSource).manager;

  /** An upload that is not published yet. */
  beginDraft(): Promise<RequestDraft> {
    return this.worker.get(RequestsService).begin({
      fileName: 'a.csv',
      layout: { ...LAYOUT, columns: [] },
      options: toCompressionOptions({}, 50),
    });
  }

  /** Adds a row of a draft. */
  addRow = (draft: RequestDraft, urls: string[]) =>
    draft.add([
      { line: 2, serialNumber: '1', productName: 'Mug', urls, columns: urls.map(() => 3), extra: [] },
    ]);

  /** @returns the key of a request of so many images, all with the same URL */
  newRequest = async (images: number, url = 'http://a.example/1.jpg'): Promise<number> => {
    const draft = await this.beginDraft();
    for (let left = images; left > 0; left -= 100)
      await this.addRow(draft, Array<string>(Math.min(left, 100)).fill(url));
    await draft.publish();
    return draft.key;
  };

  openRequest = async (key: number) => (await readOpenRequest(this.manager(), key)) as OpenRequest;

  share = (count: number, after = 0) => ({ host: 1, server: 'a.example', count, after });

  /** The claim of image `number`, if it can be had. */
  claimOf = async (key: number, number: number): Promise<ClaimedImage | null> => {
    const [claim] = await this.claims.claim(await this.openRequest(key), [this.share(1, number - 1)]);
    if (claim?.number === number) return claim;
    if (claim) await this.claims.release(claim);
    return null;
  };

  /** Whether the claim still held. */
  settle = async (claim: Claim, outcome: Settlement): Promise<boolean> =>
    (await this.settlement.settle([{ claim, settlement: outcome }]))[0];

  /** The way of the first pending image through this worker. */
  work = async (key: number): Promise<void> => {
    const { host } = new URL((await this.imageOf(key)).inputUrl);
    const [claim] = await this.claims.claim(await this.openRequest(key), [
      { ...this.share(1), server: host },
    ]);
    await this.worker.get(ImageProcessor).process(claim);
  };

  requestOf = (key: number) => this.manager().findOneByOrFail(RequestEntity, { key });

  imageOf = (requestKey: number, number = 1) =>
    this.manager().findOneByOrFail(ImageEntity, { requestKey, number });

  /** Lets all claims of a request run out. */
  expire = (requestKey: number) => this.manager().update(ImageEntity, { requestKey }, { dueAt: 1 });
}

/** The claim as another process would have it. */
export function plain({ requestKey, number, host, attempt }: Claim): Claim {
  return { requestKey, number, host, attempt };
}
