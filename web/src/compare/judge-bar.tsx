import { useEffect } from 'preact/hooks';
import type { Image } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { listChannels } from '../state/file/channels.ts';
import { askedBytes, refusesOriginal } from '../state/judging/byte-target.ts';
import { betterThan, isInWork, isOriginal } from '../state/judging/redo-image.ts';
import { productsOf } from '../state/judging/shared-pictures.ts';
import { rememberSingleKeys } from '../state/judging/single-keys.ts';
import { update, useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { Keyed } from './keyed.tsx';

const { judge: words } = texts;

/** Of the text that says what is given up for a better picture. */
const EXCEEDS_ID = 'judge-exceeds';
/** Of the text that says who does not take the original. */
const REFUSED_ID = 'judge-refused';

export interface JudgeActions {
  keep: () => void;
  better: () => void;
  original: () => void;
  undo: () => void;
}

interface JudgeBarProps {
  /** The images that it stands for. */
  picture: Image[];
  images: Image[];
  actions: JudgeActions;
}

/** Whether a result is good enough, and what is done where it is not. Each button has a key, and keeps the focus where it does nothing. */
export function JudgeBar({ picture, images, actions }: JudgeBarProps) {
  const [image] = picture;
  const products = productsOf(picture);
  const judged = useStore((state) => state.judged);
  const mayWrite = useStore((state) => state.mayWrite);
  const count = images.filter(({ id }) => judged.has(id)).length;
  const isRedone = isInWork(image);
  const isBest = 'original' in betterThan(image);
  const mayNotChange = isRedone || isOriginal(image);
  const asked = mayWrite ? askedBytes() : null;
  const refusing = useStore(() => (mayWrite ? refusesOriginal(image) : null));
  const about = asked === null ? undefined : EXCEEDS_ID;
  const ofOriginal = [asked !== null && EXCEEDS_ID, refusing !== null && REFUSED_ID]
    .filter(Boolean)
    .join(' ');
  useEffect(() => void listChannels(), []);
  return (
    <div class="judge" role="group" aria-label={words.title}>
      <div class="buttons">
        <button type="button" class="primary" onClick={actions.keep}>
          <Icon name="check" />
          <Keyed of={words.keep} />
        </button>
        {mayWrite && (
          <button
            type="button"
            aria-disabled={mayNotChange}
            aria-describedby={about}
            onClick={actions.better}
          >
            <Keyed of={isBest ? texts.judging.best : words.better} />
          </button>
        )}
        {mayWrite && (
          <button
            type="button"
            aria-disabled={mayNotChange}
            aria-describedby={ofOriginal || undefined}
            onClick={actions.original}
          >
            <Keyed of={words.original} />
          </button>
        )}
        <button type="button" aria-disabled={count === 0} onClick={actions.undo}>
          <Keyed of={words.undo} />
        </button>
      </div>
      <p class="quiet small">
        {words.count(count, images.length)}
        {judged.has(image.id) && ` · ${words.isJudged}`}
        {isRedone && ` · ${words.isRedone}`}
        {products > 1 && ` · ${words.usedBy(products)}`}
      </p>
      {asked !== null && (
        <p id={EXCEEDS_ID} class="quiet small">
          {words.exceeds(asked)}
        </p>
      )}
      {refusing !== null && (
        <p id={REFUSED_ID} class="quiet small">
          {words.refused(image.input!.format, refusing)}
        </p>
      )}
    </div>
  );
}

/** What the switch is for; arrows and Esc are no single keys. */
const SINGLE = /^[A-Z0-9?]$/;

/** What the keys do. */
export function KeyList() {
  const singleKeys = useStore((state) => state.singleKeys);
  const listed = texts.compare.keys.map(([keys, meaning]): [string, string] => [
    keys
      .split(' ')
      .filter((key) => singleKeys || !SINGLE.test(key))
      .join(' '),
    meaning,
  ]);
  return (
    <dl class="key-list">
      {listed
        .filter(([keys]) => keys !== '')
        .map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Switches single keys off for whoever speaks, or whose screen reader uses them itself. */
export function SingleKeysSwitch() {
  const singleKeys = useStore((state) => state.singleKeys);
  const choose = (isOn: boolean): void => {
    rememberSingleKeys(isOn);
    update({ singleKeys: isOn });
  };
  return (
    <label class="check">
      <input type="checkbox" checked={singleKeys} onChange={(event) => choose(event.currentTarget.checked)} />
      <span>{texts.compare.singleKeys}</span>
    </label>
  );
}
