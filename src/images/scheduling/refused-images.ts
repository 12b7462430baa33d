import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { RequestsService } from '../../requests/requests.service.js';
import { FileDownloader } from '../../outbound/download/file-downloader.js';
import { ImageSettlement, type UnclaimedFailure } from './image-settlement.js';
import { RepeatedImages } from './repeated-images.js';

/**
 * Settles images whose URLs are refused by their spelling, such as private addresses: many in one transaction, and
 * without a job, a claim or a call for each.
 */
@Injectable()
export class RefusedImages {
  constructor(
    private readonly http: FileDownloader,
    private readonly requests: RequestsService,
    private readonly settlement: ImageSettlement,
    private readonly repeats: RepeatedImages,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Settles those of some hundred pending images that are refused, and what repeats them.
   * @returns the numbers of the others, in their order. All of them in a process that runs no jobs: which addresses
   * are allowed is a matter of the workers' settings
   */
  async settle(
    request: Pick<RequestEntity, 'key' | 'status' | 'repeatCount'>,
    images: { number: number; inputUrl: string }[],
  ): Promise<number[]> {
    if (!this.settings.runsJobs) return images.map(({ number }) => number);
    const refused: UnclaimedFailure[] = [];
    const others: number[] = [];
    for (const { number, inputUrl } of images) {
      const refusal = this.http.refusalOf(inputUrl);
      if (refusal) refused.push({ number, ...refusal });
      else others.push(number);
    }
    if (refused.length === 0) return others;
    if (request.status === 'Pending') await this.requests.markStarted(request.key);
    await this.settlement.failUnclaimed(request.key, refused);
    if (request.repeatCount > 0) {
      await this.repeats.settleAll(
        request.key,
        refused.map(({ number }) => number),
      );
    }
    return others;
  }
}
