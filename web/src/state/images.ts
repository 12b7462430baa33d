import { api, type Image, outcomeOf } from '../api/client.ts';
import { change, current } from './store.ts';

/** Larger requests are listed when they have ended, not while they run. */
export const LISTED_WHILE_RUNNING = 1000;
const PAGE = 1000;

/** Time in which images that end are gathered, so that a thousand a second are not drawn one by one. */
const GATHERED_MS = 300;

/**
 * Reads all images, page by page. Those of a first reading are shown as they come; later ones replace all at once.
 * Gives whether that came to its end.
 */
export async function readImages(id: string, signal: AbortSignal): Promise<boolean> {
  const images: Image[] = [];
  const isFirst = current().shown?.images.length === 0;
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page | null = await readPage(id, cursor, signal);
    if (signal.aborted || !page) return false;
    for (const image of page.items) images.push(image);
    cursor = page.next_cursor;
    if (isFirst || cursor === null) change(id, { images: [...images], hasAllImages: cursor === null });
  }
  return true;
}

/** Reads the first thousand failed images; gives whether that came to its end. */
export async function readFailures(id: string, signal: AbortSignal): Promise<boolean> {
  const page = await readPage(id, '', signal, 'failed');
  if (signal.aborted || !page) return false;
  change(id, { failures: page.items });
  return true;
}

interface Page {
  items: Image[];
  next_cursor: string | null;
}

async function readPage(
  id: string,
  cursor: string,
  signal: AbortSignal,
  status?: 'failed',
): Promise<Page | null> {
  const query = { limit: PAGE, cursor: cursor || undefined, status };
  const call = api.GET('/requests/{id}/images', { params: { path: { id }, query }, signal });
  return (await outcomeOf<Page>(call)).data;
}

let gathered: Image[] = [];

/** Takes images that have ended into what is shown. */
export function addImages(id: string, images: Image[]): void {
  if (gathered.length === 0) setTimeout(() => showGathered(id), GATHERED_MS);
  gathered.push(...images);
}

/** Shows what was gathered now, rather than a little later. */
export function showGathered(id: string): void {
  if (gathered.length === 0) return;
  const ended = new Map(gathered.map((image) => [image.id, image]));
  gathered = [];
  const { shown } = current();
  if (shown?.id !== id) return;
  const failures = shown.failures.filter((image) => !ended.has(image.id));
  for (const image of ended.values())
    if (image.status === 'failed' && failures.length < PAGE) failures.push(image);
  change(id, { images: shown.images.map((image) => ended.get(image.id) ?? image), failures });
}
