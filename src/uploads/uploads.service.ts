import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { settings, type Settings } from '../config.js';
import { BadRequestError } from '../errors.js';
import { ImagesService } from '../images/images.service.js';
import { RequestsService, type RequestDraft } from '../requests/requests.service.js';
import type { CsvFault } from './csv-faults.js';
import { openInputCsv, type InputCsv } from './input-csv.js';

const HOUR_MS = 3_600_000;

/** Most faults that an answer lists; their number it gives in any case. */
const MOST_FAULTS = 100;

/** Faults of the file as a whole; each answers with its own code. */
const FILE_FAULTS = new Set<string>([
  'EMPTY_FILE',
  'NOT_A_CSV',
  'HEADER_MISSING',
  'COLUMN_MISSING',
  'TOO_MANY_COLUMNS',
  'NO_ROWS',
]);

/** An uploaded file on disk, under its uploader's name for it. */
type SpooledFile = Pick<Express.Multer.File, 'path' | 'originalname'>;

/** Turns an uploaded file into a request. */
@Injectable()
export class UploadsService implements OnModuleInit {
  private readonly logger = new Logger(UploadsService.name);

  constructor(
    private readonly requests: RequestsService,
    private readonly images: ImagesService,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.sweep(this.settings.dataPath('uploads'));
  }

  /**
   * Checks the whole file first and stores its rows only where nothing is wrong with it. When this returns, the
   * request will be finished, whatever is killed. The spooled file is removed in any case.
   * @returns the id of the request
   * @throws BadRequestError `FILE_MISSING`, `TOO_MANY_FILES`; for the whole file `EMPTY_FILE`, `NOT_A_CSV`,
   * `HEADER_MISSING`, `COLUMN_MISSING`, `TOO_MANY_COLUMNS`, `NO_ROWS`; for rows `CSV_INVALID`, the faults as `details`
   */
  async accept(files: SpooledFile[]): Promise<string> {
    try {
      if (files.length === 0) {
        throw new BadRequestError('FILE_MISSING', 'Send the CSV file as a part of a multipart form.');
      }
      if (files.length > 1) throw new BadRequestError('TOO_MANY_FILES', 'Send one file at a time.');
      const [{ path: file, originalname }] = files;
      const csv = await openInputCsv(file);
      await refuseFaults(csv);
      const request = await this.store(csv, originalname);
      void this.images.enqueue(request.key); // if the process ends here, the reconciler does it
      return request.id;
    } finally {
      await Promise.all(files.map(({ path: file }) => rm(file, { force: true })));
    }
  }

  private async store(csv: InputCsv, fileName: string): Promise<RequestDraft> {
    const draft = await this.requests.begin({
      fileName: displayName(fileName),
      layout: csv.layout!,
      quality: this.settings.QUALITY,
    });
    try {
      for await (const { rows } of csv.batches()) await draft.add(rows);
      await draft.publish();
      return draft;
    } catch (error) {
      await draft
        .discard()
        .catch((failure: unknown) => this.logger.warn('an upload was not discarded', failure));
      throw error;
    }
  }

  /** Removes spooled files of uploads whose process was killed; another process may be receiving newer ones. */
  private async sweep(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name);
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Infinity }));
      if (mtimeMs < Date.now() - HOUR_MS) await rm(file, { force: true });
    }
  }
}

async function refuseFaults(csv: InputCsv): Promise<void> {
  const listed: CsvFault[] = [];
  let total = 0;
  for await (const { faults } of csv.batches()) {
    total += faults.length;
    listed.push(...faults.slice(0, MOST_FAULTS - listed.length));
  }
  if (total === 0) return;
  const [first] = listed;
  if (FILE_FAULTS.has(first.code)) throw new BadRequestError(first.code, first.hint, listed);
  const more = total > listed.length ? `; the first ${listed.length} are listed` : '';
  throw new BadRequestError(
    'CSV_INVALID',
    `The file has ${total} ${total === 1 ? 'fault' : 'faults'}${more}.`,
    listed,
  );
}

/** The name without folders and control characters, short enough to be kept. */
function displayName(fileName: string): string {
  const name = fileName.replace(/^.*[\\/]/, '').replace(/[\u0000-\u001f\u007f]/g, '');
  return [...name].slice(0, 200).join('').trim() || 'products.csv';
}
