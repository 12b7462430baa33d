import { api, type Image, outcomeOf, type Request, type Result } from '../../api/client.ts';
import type { CallError } from '../../api/errors.ts';
import { texts } from '../../texts.ts';
import { change } from '../store.ts';

/** How an image is to become that is not good enough. */
export type Redo = { quality: string } | { target: string } | { original: true };

/** What became of an image. */
export interface RedoEnd {
  image: Image;
  /** Why it stays as it was; null where it does not. */
  reason: string | null;
  /** Whether the service did not even take the wish. */
  isRefused: boolean;
  /** Whether nothing else came of it. */
  isSame: boolean;
}

/** Is told of an image as the service has it now. */
export type Show = (image: Image) => void;

const STEP = 15;
const BEST = 95;
const ALIKE = 'ssim:0.99';

/** A better quality than an image has; of what comes of it, a better one still, and at last the original, which stays as it is. */
export function betterThan({ quality, outcome }: Image): Redo {
  if (outcome === 'kept_original') return { original: true };
  if (quality === null) return { target: ALIKE };
  return quality >= BEST ? { original: true } : { quality: String(Math.min(BEST, quality + STEP)) };
}

/** Whether the original was put in its place. */
export const isOriginal = ({ redo }: Image): boolean => redo?.state === 'done' && redo.options.original;

export const isInWork = ({ redo }: Image): boolean =>
  redo?.state === 'pending' || redo?.state === 'processing';

/** Has one image made anew, and waits until that has ended. */
export async function redoImage(image: Image, wish: Redo, show: Show): Promise<RedoEnd> {
  const { data, error } = await send(image, wish, show);
  if (error) return { image, reason: reasonOf(error), isRefused: true, isSame: true };
  const ended = await settled(data, show);
  const reason = ended.redo?.state === 'done' ? null : (ended.redo?.error?.message ?? '');
  return { image: ended, reason, isRefused: false, isSame: ended.output_url === image.output_url };
}

/** Brings the output before the latest redo back; where that has been done, or none is kept, the image stays as it is. */
export const undoRedo = (image: Image, show: Show): Promise<Result<Image>> =>
  send(image, { undo: true }, show);

export const reasonOf = ({ message }: CallError): string => message || texts.unreachable;

const BUSY = 'RATE_LIMITED';
const BUSY_MS = 3000;

/** Asks for it; where that comes too soon after too many other calls, again. */
async function send(image: Image, body: Redo | { undo: true }, show: Show): Promise<Result<Image>> {
  for (;;) {
    const call = api.POST('/requests/{id}/images/{number}/redo', { params: { path: placeOf(image) }, body });
    const result = await outcomeOf<Image>(call);
    if (result.data) show(result.data);
    if (result.error?.code !== BUSY) return result;
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
  }
}

const ASKED_EVERY_MS = 500;

/** The image when a worker has made it anew, or could not. */
async function settled(image: Image, show: Show): Promise<Image> {
  for (let last = image; ;) {
    if (!isInWork(last)) return last;
    await new Promise((resolve) => setTimeout(resolve, ASKED_EVERY_MS));
    const call = api.GET('/requests/{id}/images/{number}', { params: { path: placeOf(image) } });
    const { data, error } = await outcomeOf<Image>(call);
    if (error && error.code !== 'UNREACHABLE' && error.code !== BUSY) return last;
    if (data) show((last = data));
  }
}

/** The request of an image, and its number there. */
export function placeOf({ id }: Image): { id: string; number: string } {
  const at = id.lastIndexOf('-');
  return { id: id.slice(0, at), number: id.slice(at + 1) };
}

/** Shows the request of an image anew: its bytes have changed with the image. */
export async function showRequestOf(image: Image): Promise<void> {
  const { id } = placeOf(image);
  const { data } = await outcomeOf<Request>(api.GET('/requests/{id}', { params: { path: { id } } }));
  if (data) change(id, { request: data });
}
