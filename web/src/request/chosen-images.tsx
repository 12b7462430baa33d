import type { Image } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { choose, chooseOnly } from '../state/choose-images.ts';
import { retryImages, useMayRetry } from '../state/retry-images.ts';
import { useStore } from '../state/store.ts';
import { fullNameOf } from '../state/name-images.ts';
import { texts } from '../texts.ts';

/** Images that one call tries again. */
const MOST_RETRIED = 1000;

/** A box beside a failed image that can be tried again. With Shift it chooses all from the last one. */
export function ChooseBox({ image, listed }: { image: Image; listed: Image[] }) {
  const isChosen = useStore(({ shown }) => shown?.chosen.has(image.id) ?? false);
  const mayRetry = useMayRetry();
  if (image.status !== 'failed' || !mayRetry) return null;
  return (
    <input
      type="checkbox"
      class="choose"
      checked={isChosen}
      aria-label={texts.results.choose(fullNameOf(image))}
      onClick={(event) => choose(image, !isChosen, event.shiftKey, listed)}
    />
  );
}

/** How many are chosen, and what can be done with them. */
export function ChosenBar({ id, failed, listed }: { id: string; failed: number; listed: Image[] }) {
  const chosen = useStore(({ shown }) => shown?.chosen);
  const mayRetry = useMayRetry();
  if (!chosen || chosen.size === 0 || !mayRetry) return null;
  const ids = [...chosen].slice(0, MOST_RETRIED);
  return (
    <div class="chosen-bar row">
      <p>{texts.results.chosen(chosen.size, failed)}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => retryImages(id, ids.length, { images: ids })}>
          <Icon name="repeat" />
          {texts.failures.retry}
        </button>
        <button type="button" onClick={() => chooseOnly(listed)}>
          {texts.results.chooseListed}
        </button>
        <button type="button" onClick={() => chooseOnly([])}>
          {texts.results.chooseNone}
        </button>
      </div>
    </div>
  );
}
