import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Image } from '../api/client.ts';
import { Dialog } from '../parts/dialog.tsx';
import { CutName } from '../parts/cut.tsx';
import { Icon } from '../parts/icon.tsx';
import { better, keep, original, say, sayThen, undoJudgement } from '../state/judging/judge-images.ts';
import { isInWork, isOriginal } from '../state/judging/redo-image.ts';
import { productsOf } from '../state/judging/shared-pictures.ts';
import { current, useStore } from '../state/store.ts';
import { fullNameOf, fullPartsOf } from '../state/name-images.ts';
import { texts } from '../texts.ts';
import { lossSentence } from '../texts-of-judging.ts';
import { BeforeAfter, type Pair } from './before-after.tsx';
import { Facts } from './facts.tsx';
import { type JudgeActions, JudgeBar, KeyList, SingleKeysSwitch } from './judge-bar.tsx';
import { HoldButton } from './hold-button.tsx';
import { Keyed } from './keyed.tsx';
import { RedoNotes } from './redo-notes.tsx';
import { useBack } from './use-back.ts';
import { useKeys } from './use-keys.ts';

interface CompareProps {
  /** Each with all images that it stands for. */
  pictures: Image[][];
  at: number;
  go: (index: number) => void;
  close: () => void;
}

const { compare } = texts;

/** One result beside its source, above the page; the others are a key away. */
export function Compare({ pictures, at, go, close: end }: CompareProps) {
  const images = pictures.map(([first]) => first);
  const image = images[at];
  const areShared = pictures.some(({ length }) => length > 1);
  const title = useRef<HTMLHeadingElement>(null);
  const [isFull, setIsFull] = useState(false);
  const [isHeld, setIsHeld] = useState(false);
  const [hasKeys, setHasKeys] = useState(false);
  const numbersId = useId();
  const keysButton = useRef<HTMLButtonElement>(null);
  const close = useBack(end);
  const toggleKeys = (): void => {
    if (document.activeElement?.closest('.check')) keysButton.current?.focus(); // the switch goes with the list
    setHasKeys(!hasKeys);
  };
  const step = (by: number): void => {
    const next = images[at + by];
    if (!next) return;
    go(at + by);
    const judged = current().judged.has(next.id) ? ` ${texts.judging.isJudged}` : '';
    say(
      `${compare.shown(fullNameOf(next), at + by, images.length)} ${numbersOf(pictures[at + by])}${judged}`,
    );
  };
  const fit = (isFitted: boolean): void => {
    // What is not scrolled takes no focus.
    if (isFitted && document.activeElement?.matches('.stage')) title.current?.focus();
    setIsFull(!isFitted);
    say(isFitted ? compare.shownFitted : compare.shownFull);
  };
  const hold = (isDown: boolean): void => {
    if (isDown === isHeld) return; // a key that is held down comes again and again
    setIsHeld(isDown);
    say(isDown ? compare.shownOriginal : compare.shownBoth);
  };
  const said = useStore((state) => state.said);
  const mayWrite = useStore((state) => state.mayWrite);
  /** Goes on to the next picture that is not judged, from here and then from the start. */
  const goOn = (wasJudged: boolean): void => {
    const { judged } = current();
    const isOpen = ({ id }: Image): boolean => !judged.has(id);
    const behind = images.findIndex((each, index) => index > at && isOpen(each));
    const next = behind === -1 ? images.findIndex(isOpen) : behind;
    if (next === -1) return sayThen(wasJudged ? texts.judge.all(images.length) : texts.judge.last);
    go(next);
    sayThen(`${texts.judge.next(fullNameOf(images[next]))} ${numbersOf(pictures[next])}`);
  };
  const judgeBy = (act: (images: Image[]) => void) => (): void => {
    const wasJudged = current().judged.has(image.id);
    act(pictures[at]);
    goOn(wasJudged);
  };
  const isRedone = isInWork(image);
  const isBest = isOriginal(image);
  const nothing = (): void => (isBest ? say(texts.judging.isOriginal(fullNameOf(image))) : undefined);
  const actions: JudgeActions = {
    keep: judgeBy(keep),
    better: isRedone || isBest ? nothing : judgeBy(better),
    original: isRedone || isBest ? nothing : judgeBy(original),
    undo: () => {
      const undone = undoJudgement(image);
      if (!undone) return say(texts.nothingToUndo);
      const place = pictures.findIndex((each) => each.some(({ id }) => id === undone.id));
      if (place !== -1) go(place);
      say(texts.judge.undone(fullNameOf(undone), place !== -1, current().judged.has(undone.id)));
    },
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    arrowright: () => step(1),
    arrowleft: () => step(-1),
    a: actions.keep,
    ...(mayWrite ? { u: actions.better, o: actions.original } : {}),
    z: actions.undo,
    f: () => fit(true),
    1: () => fit(false),
    h: hold,
    '?': toggleKeys,
  });
  // Its title tells what the dialog is about; a button would be pressed unread.
  useEffect(() => title.current?.focus(), []);
  // Whoever judged by a button further down would not see the next picture.
  useLayoutEffect(() => title.current?.closest('dialog')?.scrollTo(0, 0), [image.id]);
  return (
    <Dialog
      class="compare"
      label={texts.request.pictures(fullNameOf(image))}
      onClose={hasKeys ? toggleKeys : close} // what is on top
      next={() => document.querySelector(`[data-image="${image.id}"]`)}
    >
      <div class="compare-head">
        <div class="compare-title">
          <h2 ref={title} tabIndex={-1} aria-describedby={numbersId}>
            <CutName parts={fullPartsOf(image)} />
          </h2>{' '}
          <span class="quiet">{compare.place(at, images.length, areShared)}</span>
        </div>
        <button type="button" class="icon-button" aria-label={texts.close} onClick={close}>
          <Icon name="cross" />
        </button>
      </div>
      <BeforeAfter pair={pairOf(image)} isFull={isFull} isHeld={isHeld} />
      <div class="compare-foot">
        <p id={numbersId} class="compare-numbers small" aria-hidden="true">
          {numbersOf(pictures[at])}
        </p>
        <p class="unseen" role="status">
          {said}
        </p>
        <JudgeBar picture={pictures[at]} images={images} actions={actions} />
        <div class="buttons">
          <button type="button" aria-disabled={at === 0} onClick={() => step(-1)}>
            <Icon name="back" />
            <span class="unseen">
              <Keyed of={compare.previous} />
            </span>
          </button>
          <button type="button" aria-disabled={at === images.length - 1} onClick={() => step(1)}>
            <Icon name="next" />
            <span class="unseen">
              <Keyed of={compare.next} />
            </span>
          </button>
          <button type="button" aria-pressed={!isFull} onClick={() => fit(true)}>
            <Keyed of={compare.fit} />
          </button>
          <button type="button" aria-pressed={isFull} onClick={() => fit(false)}>
            <Keyed of={compare.full} />
          </button>
          <HoldButton isHeld={isHeld} hold={hold} />
          <a class="button" href={image.output_url!} target="_blank" rel="noreferrer">
            {compare.openResult}
          </a>
          <button
            type="button"
            ref={keysButton}
            class="show-keys"
            aria-expanded={hasKeys}
            onClick={toggleKeys}
          >
            <Keyed of={compare.showKeys} />
          </button>
        </div>
        {/* Below all buttons: what comes and goes must not move them under a finger. */}
        <RedoNotes pictures={pictures} look={(index) => step(index - at)} />
        <Facts image={image} />
        <div role="status">{hasKeys && <KeyList />}</div>
        {hasKeys && <SingleKeysSwitch />}
      </div>
    </Dialog>
  );
}

/** By what it is judged: what was lost is not seen where the original stands still, or on white. */
function numbersOf(picture: Image[]): string {
  const [{ input, output, similarity, notes, fits, broken_rules: rules }] = picture;
  const numbers = texts.judge.numbers(input!.bytes, output!.bytes, similarity, productsOf(picture));
  return numbers + lossSentence(notes) + (fits === false ? ` ${texts.results.fitsNot(rules)}.` : '');
}

function pairOf(image: Image): Pair {
  const { input_url: before, output_url: after, output } = image;
  return { name: fullNameOf(image), before, after: after!, width: output!.width, height: output!.height };
}
