import { Inject, Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { UnavailableError } from '../../errors/app-error.js';
import { SpooledBody } from '../../outbound/download/spooled-body.js';
import { FileStorage } from '../../storage/file-storage.js';
import type { KeptSource } from '../../stored-files/kept-files.js';
import { Files } from '../../stored-files/files.js';
import { Owners } from '../../stored-files/owners.js';
import type { ImagePlace } from '../../stored-files/kept-files.js';

const DAY_MS = 86_400_000;

/** Of the image, or of the first one with its URL; not of one that was made anew from elsewhere. */
const SOURCE = `
  SELECT kept_files.file_key AS fileKey FROM images
    JOIN images AS kept ON kept.request_key = images.request_key
      AND kept.number IN (images.number, COALESCE(images.same_as, images.number)) AND kept.input_url = images.input_url
    JOIN kept_files ON kept_files.request_key = kept.request_key AND kept_files.image_number = kept.number
      AND kept_files.role = 'source'
    JOIN files ON files.file_key = kept_files.file_key AND files.state = 'live'
  WHERE images.request_key = ? AND images.number = ? LIMIT 1`;

/** Whose source is stored, and for how long. */
interface Kept {
  ownerKey: number;
  keepSourcesDays: number;
}

/** What images were made of, as it was fetched: kept for a while where a request asks for that, so that it need not be fetched again. */
@Injectable()
export class KeptSources {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly files: Files,
    private readonly owners: Owners,
    private readonly storage: FileStorage,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Stores a source, named by its content within its owner; the same one again is fine. It is deleted unless something refers to
   * it within an hour.
   * @throws UnavailableError `STORAGE_UNAVAILABLE`, `DATABASE_UNAVAILABLE`
   */
  async keep({ ownerKey, keepSourcesDays }: Kept, body: SpooledBody): Promise<KeptSource> {
    const salt = await this.owners.saltOf(ownerKey);
    const digest = createHmac('sha256', salt).update(`source ${body.sha256}`).digest('hex').slice(0, 32);
    const fileKey = `sources/${digest}`;
    const data = await body.read();
    const contentType = 'application/octet-stream';
    await this.files.store({ key: fileKey, ownerKey, kind: 'source', bytes: data.length, contentType }, data);
    return { fileKey, keptUntil: this.clock.now() + keepSourcesDays * DAY_MS };
  }

  /** The stored source of an image; null where there is none (any more). @throws UnavailableError `STORAGE_UNAVAILABLE` */
  async find({ requestKey, number }: ImagePlace): Promise<string | null> {
    const [found] = await this.database.manager.query<{ fileKey: string }[]>(SOURCE, [requestKey, number]);
    return found && (await this.storage.head(found.fileKey)) ? found.fileKey : null;
  }

  /** Its bytes, which the caller discards. @throws UnavailableError `STORAGE_UNAVAILABLE`, also where it has gone since */
  async open(fileKey: string): Promise<SpooledBody> {
    const stored = await this.storage.open(fileKey);
    if (!stored) throw new UnavailableError('STORAGE_UNAVAILABLE');
    return SpooledBody.collect(stored.content as AsyncIterable<Buffer>, this.settings.dataPath('tmp'));
  }
}
