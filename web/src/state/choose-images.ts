import type { Image } from '../api/client.ts';
import { texts } from '../texts.ts';
import { announce } from './notices.ts';
import { change, current } from './store.ts';

/** The image that was clicked last, from which a range goes. */
let last: string | null = null;

/**
 * Chooses a failed image, or no longer; as a range all failed ones from the image that was clicked last to this one, in the list
 * as it is shown.
 */
export function choose(image: Image, isChosen: boolean, isRange: boolean, listed: Image[]): void {
  const { shown } = current();
  if (!shown) return;
  const from = isRange ? listed.findIndex(({ id }) => id === last) : -1;
  const to = listed.indexOf(image);
  const range = from === -1 ? [image] : listed.slice(Math.min(from, to), Math.max(from, to) + 1);
  const chosen = new Set(shown.chosen);
  for (const { id, status } of range) {
    if (!isChosen) chosen.delete(id);
    else if (status === 'failed') chosen.add(id);
  }
  last = image.id;
  setChosen(chosen);
}

/** Chooses all failed images of a list; with an empty one, none. */
export function chooseOnly(images: Image[]): void {
  const failed = images.filter(({ status }) => status === 'failed').map(({ id }) => id);
  setChosen(new Set(failed));
}

function setChosen(chosen: Set<string>): void {
  const { shown } = current();
  if (!shown?.request) return;
  change(shown.id, { chosen });
  const { failed } = shown.request.counts;
  announce(chosen.size > 0 ? texts.results.chosen(chosen.size, failed) : texts.results.noneChosen);
}
