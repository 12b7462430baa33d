import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import type { HostHeaders } from '../outbound/download/host-headers.js';
import { SealingKey } from '../secrets/sealing-key.js';

/** Requests that are remembered to have no headers. */
const MAX_REMEMBERED = 1_000;

const SEALED = 'SELECT id, image_headers AS sealed FROM requests WHERE request_key = ?';

/**
 * The headers that an upload gave for its images: sealed in the database, open in memory only while one of the images is
 * fetched. They are gone when the request is completed (`requests.service.ts`).
 */
@Injectable()
export class ImageHeaders {
  private readonly sealingKey: SealingKey;
  /** Requests without headers, which are nearly all: their images cost no query each. */
  private readonly without = new Set<number>();

  /** @throws SettingsError as `secretKey` */
  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) values: Settings,
  ) {
    this.sealingKey = new SealingKey(values, 'headers of images at rest');
  }

  /** Gives a request its headers. Call it before the request is published. */
  async attach({ key, id }: { key: number; id: string }, headers: HostHeaders): Promise<void> {
    const imageHeaders = this.sealingKey.seal(JSON.stringify(headers), id);
    const columns = { imageHeaders, hadImageHeaders: 1 };
    await this.database.write((manager) => manager.update(RequestEntity, { key }, columns), {
      isUrgent: true,
    });
  }

  /** The headers of a request; null where it has none, is completed, or where they were sealed under another `SECRET_KEY`. */
  async of(requestKey: number): Promise<HostHeaders | null> {
    if (this.without.has(requestKey)) return null;
    const [row] = await this.database.manager.query<{ id: string; sealed: string | null }[]>(SEALED, [
      requestKey,
    ]);
    if (!row?.sealed) {
      if (this.without.size >= MAX_REMEMBERED) this.without.clear();
      this.without.add(requestKey);
      return null;
    }
    const text = this.sealingKey.open(row.sealed, row.id);
    return text === null ? null : (JSON.parse(text) as HostHeaders);
  }
}
