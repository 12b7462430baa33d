import { setImmediate } from 'node:timers/promises';
import { type EntityManager, In, MoreThan } from 'typeorm';
import { FaultEntity } from '../../database/entities/fault.entity.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { MAIN_RENDITION } from '../../database/entities/output.entity.js';
import { ProductEntity } from '../../database/entities/product.entity.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import { imageAdvice } from '../../errors/image-advice.js';
import { IMAGE_CODES } from '../../errors/image-codes.js';
import type { FileStorage } from '../../storage/file-storage.js';
import type { ErrorRow } from '../../tables/tables.js';
import { judge } from '../channels/channel-check.js';
import { rulesAdvice } from '../channels/rule-advice.js';
import { outputsOf } from '../image-outputs.js';
import { renditionsOf } from '../renditions/renditions.js';
import { WAITING_STATES } from '../request-reader.js';

/** What is said of an image beside its place. */
type Said = Pick<ErrorRow, 'code' | 'message' | 'retryable' | 'advice'>;

/** Rows read at a time: some milliseconds of the event loop with SQLite. */
const CHUNK = 500;

/** What is said of an image that its cancelled request left open. */
const CANCELLED: Said = {
  code: 'IMAGE_CANCELLED',
  message: IMAGE_CODES.IMAGE_CANCELLED.sentence,
  retryable: IMAGE_CODES.IMAGE_CANCELLED.retryable,
  advice: imageAdvice('IMAGE_CANCELLED'),
};

/**
 * What `errors.csv` lists, some hundred rows at a time: rows that were left out, then in the order of the file images that have failed
 * so far, were cancelled, or do not fit the channel that they are for.
 */
export async function* errorRows(
  manager: EntityManager,
  storage: FileStorage,
  request: RequestEntity,
): AsyncGenerator<ErrorRow[]> {
  yield* faults(manager, request);
  yield* imageRows(manager, storage, request);
}

/** The request is being deleted while it is read: what was read of it must not be taken for the whole. */
export function deleted(): AppError {
  return new AppError('REQUEST_NOT_FOUND');
}

async function* faults(manager: EntityManager, { key }: RequestEntity): AsyncGenerator<ErrorRow[]> {
  for await (const page of pages(manager, FaultEntity, { requestKey: key })) {
    yield page.map(({ line, serialNumber, productName, value, code, hint }) => ({
      ...{ line, serialNumber: serialNumber ?? '', productName: productName ?? '' },
      ...{ position: null, url: value, code, message: hint, retryable: false, attempts: 0, advice: hint },
    }));
  }
}

async function* imageRows(
  manager: EntityManager,
  storage: FileStorage,
  request: RequestEntity,
): AsyncGenerator<ErrorRow[]> {
  const { key, status } = request;
  // All are read where others than the failed ones may be listed: they stay in the order of the file.
  const areFailed = status !== 'Cancelled' && channelsOf(request).size === 0;
  const where = { requestKey: key, ...(areFailed ? { status: 'failed' as const } : {}) };
  for await (const page of pages(manager, ImageEntity, where)) {
    const said = await saidOf(manager, storage, request, page);
    const images = page.filter(({ number }) => said.has(number));
    if (images.length === 0) continue;
    const numbers = In([...new Set(images.map((image) => image.productNumber))]);
    const products = await manager.findBy(ProductEntity, { requestKey: key, number: numbers });
    const byNumber = new Map(products.map((product) => [product.number, product]));
    yield images.map((image) => {
      const product = byNumber.get(image.productNumber);
      if (!product) throw deleted();
      const { line, serialNumber, productName } = product;
      const { position, inputUrl, attempt } = image;
      const place = { line, serialNumber, productName, position, url: inputUrl, attempts: attempt };
      return { ...place, ...said.get(image.number)! };
    });
  }
}

/** By the number of the image; nothing of one that is as it should be, or still at work. */
async function saidOf(
  manager: EntityManager,
  storage: FileStorage,
  request: RequestEntity,
  images: ImageEntity[],
): Promise<Map<number, Said>> {
  const channels = channelsOf(request);
  const done = images.filter(({ status }) => status === 'done').map(({ number }) => number);
  const outputs = await outputsOf(manager, request.key, channels.size === 0 ? [] : done);
  const said = new Map<number, Said>();
  for (const image of images) {
    const { number, status, outputName } = image;
    if (status === 'failed') said.set(number, failureOf(image));
    if (WAITING_STATES.includes(status) && request.status === 'Cancelled') said.set(number, CANCELLED);
    const broken = (outputs.get(number) ?? []).map((output) => {
      const channel = channels.get(output.name) ?? null;
      const { broken_rules: rules } = judge(channel, output, storage.urlOf(output.fileKey, outputName));
      return { channel, rules };
    });
    if (broken.some(({ rules }) => rules.length > 0)) said.set(number, notFitting(broken));
  }
  return said;
}

function failureOf({ errorCode, errorMessage, errorRetryable }: ImageEntity): Said {
  const code = errorCode ?? '';
  return {
    ...{ code, message: errorMessage ?? '', retryable: errorRetryable === 1 },
    advice: imageAdvice(code),
  };
}

function notFitting(broken: { channel: string | null; rules: string[] }[]): Said {
  const message = broken
    .flatMap(({ channel, rules }) => rules.map((rule) => `${channel}: ${rule}`))
    .join(', ');
  const advice = rulesAdvice(broken.flatMap(({ rules }) => rules));
  return { code: 'DOES_NOT_FIT', message, retryable: false, advice };
}

/** The channels that outputs are for, by the name of their rendition. */
function channelsOf(request: RequestEntity): Map<string, string> {
  const forms = [{ name: MAIN_RENDITION, channel: request.channel }, ...renditionsOf(request)];
  return new Map(forms.flatMap(({ name, channel }) => (channel === null ? [] : [[name, channel]])));
}

/** All rows of a table that match, in their order, a page at a time. */
async function* pages<T extends FaultEntity | ImageEntity>(
  manager: EntityManager,
  entity: new () => T,
  where: { requestKey: number; status?: 'failed' },
): AsyncGenerator<T[]> {
  for (let after = 0; ;) {
    const page = (await manager.find<FaultEntity | ImageEntity>(entity, {
      where: { ...where, number: MoreThan(after) },
      order: { number: 'ASC' },
      take: CHUNK,
    })) as T[];
    if (page.length === 0) return;
    yield page;
    after = page[page.length - 1].number;
    await setImmediate();
  }
}
