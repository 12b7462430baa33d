import { useMemo } from 'preact/hooks';
import type { Image, Request } from '../api/client.ts';
import { choose, chooseOnly, isChoosable } from '../state/choose-images.ts';
import { changePictures, chosenPictures, stopChanging, takeBack } from '../state/judging/change-chosen.ts';
import { isChanged } from '../state/judging/take-back.ts';
import { fullNameOf } from '../state/name-images.ts';
import { retryImages, useMayRetry } from '../state/retry-images.ts';
import { type Changing, useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** Images that one call tries again. */
const MOST_RETRIED = 1000;

/** A box beside an image with which something can be done. With Shift it chooses all from the last one. */
export function ChooseBox({ image, listed }: { image: Image; listed: Image[] }) {
  const isChosen = useStore(({ shown }) => shown?.chosen.has(image.id) ?? false);
  const mayChoose = useMayRetry();
  if (!isChoosable(image) || !mayChoose) return null;
  return (
    <input
      type="checkbox"
      class="choose"
      checked={isChosen}
      aria-label={texts.chosen.choose(fullNameOf(image))}
      onClick={(event) => choose(image, !isChosen, event.shiftKey, listed)}
    />
  );
}

interface ChosenBarProps {
  request: Request;
  images: Image[];
  listed: Image[];
}

const NONE: ReadonlySet<string> = new Set();

/** How many are chosen, and what can be done with them; meanwhile, how far that is, also for somebody who has come back to the page. */
export function ChosenBar({ request: { id, counts }, images, listed }: ChosenBarProps) {
  const chosen = useStore(({ shown }) => shown?.chosen) ?? NONE;
  const changing = useStore((state) => state.changing);
  const mayChoose = useMayRetry();
  // While they are changed it says what it said when that began: the list has some that are changed and some that are not.
  const pictures = useMemo(() => chosenPictures(images, chosen), [changing ? null : images, chosen]);
  const failed = useMemo(() => failedIds(images, chosen), [images, chosen]);
  // Products can share a picture: then fewer are changed than are chosen.
  const done = useMemo(() => countDone(images, chosen), [images, chosen]);
  const unlisted = chosen.size - listed.filter((image) => chosen.has(image.id)).length;
  const here = changing?.id === id ? changing : null;
  if ((chosen.size === 0 && !here) || !mayChoose) return null;
  const undoable = pictures.filter((picture) => picture.every(isChanged));
  const { better, original, retry, undo } = texts.chosen;
  return (
    <div class="chosen-bar row" role="group" aria-label={texts.chosen.bar}>
      <p>
        {here ? here.text : texts.chosen.count(chosen.size, counts.images)}
        {!here && unlisted > 0 && texts.chosen.unlisted(unlisted)}
        {!here && pictures.length < done && texts.chosen.pictures(pictures.length)}
      </p>
      <div class="buttons acting">
        <Act text={better} count={pictures.length} act={() => void changePictures(pictures, 'better')} />
        <Act text={original} count={pictures.length} act={() => void changePictures(pictures, 'original')} />
        <Act
          text={retry}
          count={failed.length}
          act={() => retryImages(id, failed.length, { images: failed })}
        />
        <Act text={undo} count={undoable.length} act={() => void takeBack(undoable)} />
      </div>
      {here?.stop && <Stop stop={here.stop} />}
      <div class="buttons choosing">
        <button type="button" onClick={() => chooseOnly(listed)}>
          {texts.chosen.chooseListed}
        </button>
        <button type="button" onClick={() => chooseOnly([])}>
          {texts.chosen.chooseNone}
        </button>
      </div>
    </div>
  );
}

/** Ends the change that is under way. When it has been pressed it does nothing more, and keeps the focus. */
function Stop({ stop }: Pick<Changing, 'stop'>) {
  const isAsked = stop === 'asked';
  return (
    <button type="button" class="stop" aria-disabled={isAsked} onClick={stopChanging}>
      {isAsked ? texts.chosen.stopping : texts.chosen.stop}
    </button>
  );
}

const countDone = (images: Image[], chosen: ReadonlySet<string>): number =>
  images.filter(({ id, status }) => status === 'done' && chosen.has(id)).length;

function failedIds(images: Image[], chosen: ReadonlySet<string>): string[] {
  const failed = images.filter(({ id, status }) => status === 'failed' && chosen.has(id));
  return failed.slice(0, MOST_RETRIED).map(({ id }) => id);
}

interface ActProps {
  text: (count: number) => string;
  /** How many are concerned. */
  count: number;
  act: () => void;
}

/** Something that is done with chosen images, where there are such. While others are changed it does nothing, and keeps the focus. */
function Act({ text, count, act }: ActProps) {
  const isBusy = useStore(({ changing }) => changing !== null);
  if (count === 0) return null;
  return (
    <button type="button" aria-disabled={isBusy} onClick={() => !isBusy && act()}>
      {text(count)}
    </button>
  );
}
