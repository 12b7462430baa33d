import { useEffect, useState } from 'preact/hooks';
import { bytes } from '../parts/format.ts';
import { likenessClass } from '../parts/likeness.ts';
import { useSpoken } from '../parts/use-spoken.ts';
import { Fit, FormsPreview } from './forms-preview.tsx';
import { BeforeAfter, type Pair } from '../compare/before-after.tsx';
import type { DryRun } from '../api/client.ts';
import type { CallError } from '../api/errors.ts';
import { estimateOf, fitOf } from '../state/file/estimate.ts';
import {
  isLook,
  type Look,
  type Looks,
  lookAt,
  lookAtNext,
  stopLooking,
} from '../state/file/look-at-pictures.ts';
import { nameLooks } from '../state/file/name-looks.ts';
import { fieldsOf } from '../state/file/options.ts';
import { isMeasured } from '../state/file/take-file.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { lossesInWords, reasonOf } from '../texts-of-failures.ts';

/** A picture of this very file before and after, with the options as they are, and an estimate for the whole file. */
export function PicturePreview({ survey }: { survey: DryRun }) {
  const { sample_urls: urls } = survey;
  const fields = useStore((state) => JSON.stringify(fieldsOf(state.options)));
  const looks = useStore((state) => state.looks);
  const names = useStore((state) => state.lookNames);
  const url = looks.urls[looks.at];
  const name = nameOf(url, names.get(url));
  const [asked, setAsked] = useState(0);
  const another = (): void => {
    setAsked(asked + 1);
    lookAtNext();
  };
  // A mended cell gives the same pictures in a new list, or others that nobody has asked for.
  useEffect(() => lookAt(urls, isMeasured(survey)), [urls.join(), isMeasured(survey), fields]);
  useEffect(() => void nameLooks(survey), [urls]);
  useEffect(() => stopLooking, []);
  const shown = looks.results.get(url);
  const estimate = estimateOf(looks, survey);
  const fit = fitOf(looks);
  useSpoken(spokenOf(looks, survey, name), `${asked} ${fields}`);
  const unread = [...looks.results].filter(([, result]) => !isLook(result) && result.code === UNREADABLE);
  return (
    <section class="picture-preview card" aria-labelledby="picture-title">
      <div class="row">
        <h2 id="picture-title">{texts.look.title}</h2>
        {looks.urls.length > 1 && (
          <button type="button" onClick={another}>
            {texts.look.another}
          </button>
        )}
      </div>
      <div class="picture-stage">
        {isLook(shown) && <BeforeAfter key={shown.after} pair={pairOf(shown, name)} />}
        {shown && !isLook(shown) && <p class="quiet">{texts.look.failed(shown.message)}</p>}
        {!shown && <p class="quiet">{texts.look.busy}</p>}
      </div>
      <div class="picture-facts" aria-busy={looks.isBusy}>
        {isLook(shown) && <Facts look={shown} />}
        {fit && fit.judged > 1 && (
          <p class={fit.fit < fit.judged ? 'bad' : 'quiet'}>
            {texts.forms.fitting(fit.fit, fit.judged, fit.rule)}
          </p>
        )}
        {unread.length > 0 && (
          <p class="bad">
            {texts.look.unread(unread.length, looks.results.size, reasonIn(unread[0][1]), unread[0][0])}
          </p>
        )}
        {estimate && <p class="quiet">{texts.look.estimate(estimate)}</p>}
      </div>
      {isLook(shown) && <FormsPreview key={shown.after} look={shown} />}
    </section>
  );
}

/** What came of it in short, when the look has ended. */
function spokenOf(looks: Looks, survey: DryRun, name: string): string {
  const shown = looks.results.get(looks.urls[looks.at]);
  if (looks.isBusy || !shown) return '';
  if (!isLook(shown)) return texts.look.failed(shown.message);
  return texts.look.spoken(name, shown.facts, estimateOf(looks, survey));
}

/** Whatever else went wrong says nothing of the picture: it may be too large for a preview alone. */
const UNREADABLE = 'PREVIEW_IMPOSSIBLE';

/** Why a picture can't be had, as an image would say it. */
function reasonIn(result: Look | CallError): string {
  return isLook(result) ? '' : reasonOf((result.details[0] as { code: string }).code);
}

/** By the product that it shows, as far as that is known, and as its file is called in its address. */
function nameOf(url: string | undefined, product: string | undefined): string {
  return [product, url && fileOf(url)].filter(Boolean).join(', ') || texts.look.name;
}

function fileOf(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1)!;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function pairOf({ before, after, facts: { output } }: Look, name: string): Pair {
  return { name, before, after, width: output.width, height: output.height };
}

function Facts({ look: { facts } }: { look: Look }) {
  const { input, output, saved_percent: saved, similarity, notes } = facts;
  const losses = lossesInWords(notes);
  return (
    <p>
      {bytes(input.bytes)} → {bytes(output.bytes)} <span class="quiet">{output.format.toUpperCase()}</span>{' '}
      <strong class={saved < 0 ? 'bad' : 'saved'}>{texts.compare.smaller(saved)}</strong>
      {similarity !== null && (
        <span class={likenessClass(similarity)}> · {texts.compare.alike(similarity)}</span>
      )}
      {losses.length > 0 && <span class="bad"> · {losses.join(', ')}</span>}
      {notes.includes('target_not_reached') && (
        <span class="bad"> · {texts.look.notReached(output.format)}</span>
      )}
      {facts.fits !== null && (
        <>
          {' '}
          · <Fit judged={facts} />
        </>
      )}
    </p>
  );
}
