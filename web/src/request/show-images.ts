import { focusPart } from '../parts/focus-title.ts';
import { setFilter } from '../state/route.ts';

/** The title of the list of images. */
export const RESULTS_ID = 'results-title';

/** Narrows the list of images, and goes to it. */
export function showImages(filter: Record<string, string>): void {
  setFilter({ show: '', code: '', host: '', format: '', search: '', ...filter });
  const title = document.getElementById(RESULTS_ID);
  if (!title) return;
  title.scrollIntoView({ block: 'start' });
  focusPart(title);
}
