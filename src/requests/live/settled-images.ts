import { Injectable } from '@nestjs/common';
import { Between, In } from 'typeorm';
import { Database } from '../../database/database.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { OutputEntity } from '../../database/entities/output.entity.js';
import { ProductEntity } from '../../database/entities/product.entity.js';
import { RedoEntity } from '../../database/entities/redos/redo.entity.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { GatheredReads } from '../../database/statements/gathered-reads.js';
import { RequestReader } from '../request-reader.js';
import { eventText } from './event-text.js';

/** Images of one answer to a watcher. */
const MAX_AT_ONCE = 200;

/** A key that no request has. */
const NO_REQUEST = 0;

/** Some events of a request, as they are sent. */
export interface SettledPage {
  /** Nothing where the images of these numbers have been tried again since. */
  text: Buffer;
  /** The number of the last of them: where the next page begins. */
  upTo: number;
}

interface SettledEvent {
  requestKey: number;
  settledNo: number;
  text: string;
}

interface Range {
  request: RequestEntity;
  after: number;
  upTo: number;
}

/**
 * The live events of single images. All who ask within the same moment are answered by one reading: hundreds of watchers of one
 * request get the same bytes, and those of many requests are read in the same four statements.
 */
@Injectable()
export class SettledImages {
  private readonly asked = new Map<string, Range>();
  private readonly pages = new GatheredReads<Buffer>((ids) => this.readAll(ids), 0);

  constructor(
    private readonly database: Database,
    private readonly reader: RequestReader,
  ) {}

  /** The events of the images that were settled after number `after`, up to {@link MAX_AT_ONCE} of them. */
  async page(request: RequestEntity, after: number): Promise<SettledPage> {
    const upTo = Math.min(request.settledNo, after + MAX_AT_ONCE);
    const id = [request.key, request.run, after, upTo].join('.');
    this.asked.set(id, { request, after, upTo });
    const text = await this.pages.find(id);
    return { text: text ?? Buffer.alloc(0), upTo };
  }

  private async readAll(ids: string[]): Promise<Map<string, Buffer>> {
    const ranges = ids.map((id) => ({ id, ...this.asked.get(id)! }));
    for (const id of ids) this.asked.delete(id);
    const pages = new Map<string, Buffer>();
    for (const some of partsOf(ranges)) {
      const events = await this.read(some);
      for (const { id, request, after, upTo } of some) {
        const own = events.filter(
          ({ requestKey, settledNo }) => requestKey === request.key && settledNo > after && settledNo <= upTo,
        );
        pages.set(id, Buffer.from(own.map(({ text }) => text).join('')));
      }
    }
    return pages;
  }

  /** In the order in which they were settled. */
  private async read(ranges: Range[]): Promise<SettledEvent[]> {
    const images = await this.database.manager.find(ImageEntity, {
      where: ranges.map(({ request, after, upTo }) => ({
        requestKey: request.key,
        settledNo: Between(after + 1, upTo),
      })),
      order: { requestKey: 'ASC', settledNo: 'ASC' },
    });
    const products = await this.productsOf(images);
    const outputs = await this.outputsOf(images);
    const redos = await this.redosOf(images);
    const requests = new Map(ranges.map(({ request }) => [request.key, request]));
    return images.flatMap((image) => {
      const request = requests.get(image.requestKey)!;
      const product = products.get(nameOf(image.requestKey, image.productNumber));
      if (!product) return []; // the request is being deleted
      const own = outputs.get(nameOf(image.requestKey, image.number)) ?? [];
      const redo = redos.get(nameOf(image.requestKey, image.number));
      const response = this.reader.imageResponse(request, product, image, own, redo);
      const settledNo = image.settledNo!;
      const text = eventText('image', `${request.run}.${settledNo}`, response);
      return [{ requestKey: request.key, settledNo, text }];
    });
  }

  private async productsOf(images: ImageEntity[]): Promise<Map<string, ProductEntity>> {
    const where = numbersOf(images, ({ productNumber }) => productNumber);
    const products = await this.database.manager.find(ProductEntity, {
      where: where.map(({ requestKey, numbers }) => ({ requestKey, number: In(numbers) })),
    });
    return new Map(products.map((product) => [nameOf(product.requestKey, product.number), product]));
  }

  private async redosOf(images: ImageEntity[]): Promise<Map<string, RedoEntity>> {
    const where = numbersOf(images, ({ number }) => number);
    const redos = await this.database.manager.find(RedoEntity, {
      where: where.map(({ requestKey, numbers }) => ({ requestKey, number: In(numbers) })),
    });
    return new Map(redos.map((redo) => [nameOf(redo.requestKey, redo.number), redo]));
  }

  private async outputsOf(images: ImageEntity[]): Promise<Map<string, OutputEntity[]>> {
    const where = numbersOf(
      images.filter(({ status }) => status === 'done'),
      ({ number }) => number,
    );
    const outputs = await this.database.manager.find(OutputEntity, {
      where: where.map(({ requestKey, numbers }) => ({ requestKey, imageNumber: In(numbers) })),
    });
    const byImage = new Map<string, OutputEntity[]>();
    for (const output of outputs) {
      const name = nameOf(output.requestKey, output.imageNumber);
      const others = byImage.get(name);
      if (others) others.push(output);
      else byImage.set(name, [output]);
    }
    return byImage;
  }
}

function nameOf(requestKey: number, number: number): string {
  return `${requestKey}.${number}`;
}

/** Never empty: a search without a condition would find all rows. */
function numbersOf(
  images: ImageEntity[],
  numberOf: (image: ImageEntity) => number,
): { requestKey: number; numbers: number[] }[] {
  const numbers = new Map<number, number[]>([[NO_REQUEST, []]]);
  for (const image of images) {
    const others = numbers.get(image.requestKey);
    if (others) others.push(numberOf(image));
    else numbers.set(image.requestKey, [numberOf(image)]);
  }
  return [...numbers].map(([requestKey, own]) => ({ requestKey, numbers: [...new Set(own)] }));
}

/** Parts with no more than a page of images, or one range. */
function partsOf<T extends Range>(ranges: T[]): T[][] {
  const parts: T[][] = [];
  let room = 0;
  for (const range of ranges) {
    const images = range.upTo - range.after;
    if (images > room) {
      parts.push([]);
      room = MAX_AT_ONCE;
    }
    parts.at(-1)!.push(range);
    room -= images;
  }
  return parts;
}
