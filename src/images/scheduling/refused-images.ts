import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { FileDownloader } from '../../outbound/download/file-downloader.js';
import { hostAndPort } from '../../outbound/urls/parse-url.js';
import { ImageSettlement, type UnclaimedFailure } from './image-settlement.js';
import type { OpenHost, OpenRequest } from './open-request.js';
import { RepeatedImages } from './repeated-images.js';

/** Images settled in one transaction: some milliseconds of the event loop. */
export const MAX_REFUSED_AT_ONCE = 256;

/**
 * Settles images whose hosts are refused by their spelling, such as private addresses: many in one transaction, and
 * without a job, a claim or a call for each.
 */
@Injectable()
export class RefusedImages {
  constructor(
    private readonly database: Database,
    private readonly http: FileDownloader,
    private readonly settlement: ImageSettlement,
    private readonly repeats: RepeatedImages,
  ) {}

  /** Whether nothing may be fetched from a host. A row that stands for several is not judged. */
  isRefused({ server }: OpenHost): boolean {
    return server !== '' && this.http.refusalOf(`http://${server}/`) !== null;
  }

  /**
   * Settles up to {@link MAX_REFUSED_AT_ONCE} pending images of hosts that are refused, and what repeats them.
   * @returns how many of each host, by its number
   */
  async settle(request: OpenRequest, hosts: OpenHost[]): Promise<Map<number, number>> {
    const places = hosts.map(() => '?').join(', ');
    const images = await this.database.manager.query<{ number: number; host: number; inputUrl: string }[]>(
      `SELECT number, host, input_url AS inputUrl FROM images
       WHERE request_key = ? AND host IN (${places}) AND status = 'pending' LIMIT ${MAX_REFUSED_AT_ONCE}`,
      [request.key, ...hosts.map(({ number }) => number)],
    );
    const failures = images.flatMap(({ number, host, inputUrl }): UnclaimedFailure[] => {
      const refusal =
        this.http.refusalOf(inputUrl) ?? this.http.refusalOf(`http://${hostAndPort(inputUrl)}/`);
      return refusal ? [{ number, host, ...refusal }] : [];
    });
    const settled = new Map<number, number>();
    if (failures.length === 0) return settled;
    await this.settlement.failUnclaimed(request.key, failures);
    const numbers = failures.map(({ number }) => number);
    if (request.hasRepeats) await this.repeats.settle(request.key, numbers);
    for (const { host } of failures) settled.set(host, (settled.get(host) ?? 0) + 1);
    return settled;
  }
}
