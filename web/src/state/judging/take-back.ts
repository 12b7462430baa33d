import { api, type Image, outcomeOf, type Request } from '../../api/client.ts';
import { savedPercent } from '../../parts/format.ts';
import { texts } from '../../texts.ts';
import { fullNameOf } from '../name-images.ts';
import { current } from '../store.ts';
import { placeOf, reasonOf, redoImage, type Show, undoRedo } from './redo-image.ts';

/** What an image is after its latest change was taken back. */
export interface BackEnd {
  image: Image;
  /** Why it stays as it was; null where it does not. */
  reason: string | null;
  /** Whether it is what a change before that one had made of it, and not what it was at first. */
  isEarlier: boolean;
}

/** Nothing is kept of it: there are no outputs before the latest one any more. */
const NOTHING_KEPT = 'NOTHING_TO_UNDO';

/**
 * Takes the latest change of an image back. The service keeps one output: where that has come back already, the image is made anew as
 * its run had made it, so that whoever goes on taking back gets there.
 */
export async function takeImageBack(image: Image, show: Show): Promise<BackEnd> {
  const { data, error } = await undoRedo(image, show);
  if (error && error.code !== NOTHING_KEPT) return { image, reason: reasonOf(error), isEarlier: false };
  const now = data ?? image;
  if (now.redo?.state === 'undone') return { image: now, reason: null, isEarlier: false };
  const first = await firstWish(now);
  if (first && isMadeBy(first, now)) return { image: now, reason: null, isEarlier: false };
  if (data && isOther(image, data)) return { image: data, reason: null, isEarlier: true };
  if (!first) return { image, reason: texts.unreachable, isEarlier: false };
  const { image: made, reason } = await redoImage(now, first, show);
  return { image: made, reason, isEarlier: false };
}

/** Whether an image was changed after its run; not where it was made again as that had made it. */
export function isChanged(image: Image): boolean {
  return image.redo?.state === 'done' && !isAsAtFirst(image);
}

/** What was done to an image after its run, in words. */
export function changeInWords(image: Image): string[] {
  const { redo, input, output, outcome } = image;
  if (redo?.state !== 'done') return [];
  if (isAsAtFirst(image)) return [texts.judging.asAtFirst];
  const isSmaller = savedPercent(input!.bytes, output!.bytes) > 0;
  // Where no quality is smaller than the source, its own pixels come of it.
  return [texts.results.changed(redo.options.original || outcome === 'kept_original', isSmaller)];
}

/** What an image is now that its latest change was taken back, in words. */
export function backInWords({ image, isEarlier }: BackEnd): string {
  const name = fullNameOf(image);
  if (isEarlier) return texts.judging.isEarlier(name, image.redo!.options);
  return image.redo?.state === 'undone' ? texts.judge.back(name) : texts.judging.isAsAtFirst(name);
}

/** What makes an image as its run made it. */
type First = ({ quality: string } | { target: string }) & { url?: string };

/** Null where the service does not say. */
async function firstWish(image: Image): Promise<First | null> {
  const request = shownRequestOf(image) ?? (await readRequestOf(image));
  return request && wishOf(request, image);
}

/** An image that a change took from another address is to be taken from that of the file again. */
function wishOf({ options }: Request, { redo, file_url: fileUrl }: Image): First | null {
  const url = redo?.state === 'done' && redo.options.url && fileUrl ? { url: fileUrl } : {};
  if (options.target !== null) return { target: options.target, ...url };
  return options.quality === null ? null : { quality: String(options.quality), ...url };
}

function isAsAtFirst(image: Image): boolean {
  const request = shownRequestOf(image);
  const first = request && wishOf(request, image);
  return !!first && isMadeBy(first, image);
}

function isMadeBy(wish: First, { redo }: Image): boolean {
  const {
    quality = null,
    target = null,
    url = null,
  } = wish as { quality?: string; target?: string; url?: string };
  if (redo?.state !== 'done' || redo.options.original) return false;
  const { options } = redo;
  return options.quality === quality && options.target === target && options.url === url;
}

const isOther = (before: Image, now: Image): boolean =>
  before.output_url !== now.output_url || before.input_url !== now.input_url;

function shownRequestOf(image: Image): Request | null {
  const { shown } = current();
  return shown?.id === placeOf(image).id ? shown.request : null;
}

/** The user may have left it meanwhile. */
async function readRequestOf(image: Image): Promise<Request | null> {
  const path = { id: placeOf(image).id };
  return (await outcomeOf<Request>(api.GET('/requests/{id}', { params: { path } }))).data;
}
