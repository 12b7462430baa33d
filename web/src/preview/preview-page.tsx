import { useLayoutEffect, useRef } from 'preact/hooks';
import type { DryRun } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { Problem } from '../parts/problem.tsx';
import { useMedia } from '../parts/use-media.ts';
import { chooseFile } from '../start/start-page.tsx';
import { useStore } from '../state/store.ts';
import { estimateOf } from '../state/file/estimate.ts';
import { isLook } from '../state/file/look-at-pictures.ts';
import { checkAgain, isMeasured, start } from '../state/file/take-file.ts';
import { texts } from '../texts.ts';
import { became } from '../texts-of-requests.ts';
import { Columns } from './columns.tsx';
import { Listings } from './listings.tsx';
import { PicturePreview } from './picture-preview.tsx';
import { OptionsForm } from './options-form.tsx';
import { OwnPresets } from './own-presets.tsx';
import { Summary } from './summary.tsx';

/** What is in the chosen file, and what shall be done with it; nothing is stored yet. */
export function PreviewPage() {
  const chosen = useStore((state) => state.chosen);
  if (!chosen) {
    return (
      <div class="empty">
        <p>{texts.preview.empty}</p>
        <a class="button primary" href="#/">
          {texts.nav.start}
        </a>
      </div>
    );
  }
  const { survey, error, file } = chosen;
  return (
    <div class="stack">
      <div class="row">
        <div>
          <h1 class="file-name">{texts.preview.title(file.name)}</h1>
          <p class="lead">{texts.preview.nothingMade}</p>
        </div>
        <button type="button" onClick={chooseFile}>
          {texts.preview.other}
        </button>
      </div>
      {!survey && !error && <Reading name={file.name} />}
      {error && <Problem error={error} again={() => void checkAgain()} />}
      {survey && <Survey key={file.name} survey={survey} />}
    </div>
  );
}

/** Options, what they do to a picture, and the start. */
function Choices({ survey }: { survey: DryRun }) {
  return (
    <>
      <div class="choices">
        <div class="stack">
          <OptionsForm survey={survey} />
          <OwnPresets />
        </div>
        <PicturePreview survey={survey} />
      </div>
      <StartBar survey={survey} />
    </>
  );
}

function Reading({ name }: { name: string }) {
  return (
    <div class="reading" role="status">
      <progress aria-label={texts.preview.reading(name)} />
      <p class="quiet">{texts.preview.reading(name)}</p>
    </div>
  );
}

/** Faults of a header that are settled by choosing a column. */
const ASKED_BELOW = ['HEADER_MISSING', 'COLUMN_MISSING'];

/** What is in the file. Its columns stay as they are opened when it becomes one that can be taken. */
function Survey({ survey }: { survey: DryRun }) {
  const { rows, columns, faults, images } = survey;
  const isUsable = rows > 0;
  return (
    <>
      {isUsable ? <Summary survey={survey} /> : <Unusable survey={survey} />}
      {columns.length > 0 && <Columns survey={survey} />}
      {(isUsable || faults.items.some(({ line }) => line > 1)) && <Listings survey={survey} />}
      {isUsable && images > 0 && <Choices survey={survey} />}
    </>
  );
}

/** Nothing of the file can be taken: it is no table, or has no images, or every row has a fault. */
function Unusable({ survey }: { survey: DryRun }) {
  const [first] = survey.faults.items;
  const isAsked = first !== undefined && ASKED_BELOW.includes(first.code) && survey.columns.length > 0;
  if (isAsked) return null;
  const message = first?.hint ?? texts.preview.failed;
  return <Problem error={{ code: first?.code ?? '', message, details: [] }} />;
}

/** Ctrl or ⌘ with Enter presses a button, from wherever the user is; a faulty cell is mended by it, and nothing more. */
function useStartKey(button: { current: HTMLButtonElement | null }): void {
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const isMeant = event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.repeat;
      if (!isMeant || (event.target as HTMLElement).closest('.mendable, dialog')) return;
      event.preventDefault();
      button.current?.focus(); // whoever is still writing has written it then
      button.current?.click();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}

/** What the file becomes, or the shown picture, where the picture itself is far from the choices: on a phone. */
function LookInShort({ survey }: { survey: DryRun }) {
  const looks = useStore((state) => state.looks);
  const shown = looks.results.get(looks.urls[looks.at]);
  const isFarAway = useMedia('(max-width: 860px)');
  if (!isFarAway || !isLook(shown)) return null;
  const { input, output, similarity } = shown.facts;
  return (
    <p class="look-in-short small" aria-hidden="true">
      {texts.look.inShort(became(input.bytes, output.bytes, similarity), estimateOf(looks, survey))}
    </p>
  );
}

function StartBar({ survey }: { survey: DryRun }) {
  const isStarting = useStore((state) => state.isStarting);
  const error = useStore((state) => state.startError);
  const { images, faults } = survey;
  const button = useRef<HTMLButtonElement>(null);
  useStartKey(button);
  const begin = (): void => {
    const wrong = document.querySelector<HTMLInputElement>('.options :invalid:not(fieldset)');
    wrong?.closest('details')?.setAttribute('open', '');
    if (wrong) wrong.reportValidity();
    else void start();
  };
  const text =
    faults.total > 0 ? texts.preview.startWithout(images, faults.total) : texts.preview.start(images);
  return (
    <>
      <p class="quiet small">
        {isMeasured(survey) ? texts.preview.measured : texts.preview.tooManyToMeasure}
      </p>
      <div class="start-bar">
        {error && <Problem error={error} />}
        <LookInShort survey={survey} />
        <button
          type="button"
          class="primary large"
          ref={button}
          title={texts.preview.startKeys}
          aria-keyshortcuts="Control+Enter Meta+Enter"
          aria-disabled={isStarting}
          onClick={begin}
        >
          <Icon name="check" />
          {isStarting ? texts.preview.starting : text}
        </button>
      </div>
    </>
  );
}
