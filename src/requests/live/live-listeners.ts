import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { RequestReader } from '../request-reader.js';
import { type RequestState, type RequestWatch, RequestWatches } from './request-watches.js';

/** Who waits for what becomes of requests: counted, because each of them holds a connection. */
@Injectable()
export class LiveListeners {
  private count = 0;
  /** Other calls find a connection however many listen. */
  private readonly max: number;

  constructor(
    private readonly database: Database,
    private readonly reader: RequestReader,
    private readonly watches: RequestWatches,
    @Inject(settings.KEY) { MAX_CONNECTIONS }: Settings,
  ) {
    this.max = Math.ceil(MAX_CONNECTIONS / 2);
  }

  /**
   * Does `work` while the request is watched.
   * @throws AppError `REQUEST_NOT_FOUND`; `TOO_MANY_LISTENERS` where half of all connections listen
   */
  async watching<T>(id: string, work: (watch: RequestWatch, state: RequestState) => Promise<T>): Promise<T> {
    if (this.count >= this.max) throw new AppError('TOO_MANY_LISTENERS');
    this.count++;
    try {
      const request = await this.reader.get(id);
      const response = await this.reader.responseOf(this.database.manager, request);
      const state = { request, response };
      const watch = this.watches.open(state);
      try {
        return await work(watch, state);
      } finally {
        this.watches.close(request.key);
      }
    } finally {
      this.count--;
    }
  }
}
