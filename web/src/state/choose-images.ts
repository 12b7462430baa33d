import type { Image } from '../api/client.ts';
import { texts } from '../texts.ts';
import { announce } from './notices.ts';
import { change, current } from './store.ts';

/** Whether something can be done with an image: it is made anew, or tried again. */
export const isChoosable = ({ status }: Image): boolean => status === 'done' || status === 'failed';

/**
 * Chooses an image, or no longer; as a range all from the image that was clicked last to this one, in the list as it is shown. One
 * that was just chosen no longer stays so, although a range begins at it.
 */
export function choose(image: Image, isChosen: boolean, isRange: boolean, listed: Image[]): void {
  const { shown } = current();
  if (!shown) return;
  const { lastClicked } = shown;
  const from = isRange ? listed.findIndex(({ id }) => id === lastClicked) : -1;
  const to = listed.findIndex(({ id }) => id === image.id);
  const range = from === -1 ? [image] : listed.slice(Math.min(from, to), Math.max(from, to) + 1);
  const chosen = new Set(shown.chosen);
  for (const each of range) {
    if (!isChosen) chosen.delete(each.id);
    else if (isChoosable(each) && (each.id !== lastClicked || range.length === 1)) chosen.add(each.id);
  }
  setChosen(chosen, image.id);
}

/** Chooses all images of a list; with an empty one, none. */
export function chooseOnly(images: Image[]): void {
  setChosen(new Set(images.filter(isChoosable).map(({ id }) => id)), null);
}

function setChosen(chosen: Set<string>, lastClicked: string | null): void {
  const { shown } = current();
  if (!shown?.request) return;
  change(shown.id, { chosen, lastClicked });
  const { images } = shown.request.counts;
  const isFirst = shown.chosen.size === 0;
  announce(chosen.size > 0 ? texts.chosen.announced(chosen.size, images, isFirst) : texts.chosen.none);
}
