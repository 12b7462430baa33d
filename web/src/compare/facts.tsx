import type { Image } from '../api/client.ts';
import { bytes } from '../parts/format.ts';
import { likenessClass } from '../parts/likeness.ts';
import { savedOf } from '../request/select-images.ts';
import { notesInWords } from '../state/judging/byte-target.ts';
import { changeInWords, isChanged } from '../state/judging/take-back.ts';
import { texts } from '../texts.ts';
import { lossesInWords } from '../texts-of-failures.ts';

const { compare } = texts;

/** What the source was, and what was made of it. */
export function Facts({ image }: { image: Image }) {
  const { input, output, similarity, quality } = image;
  const side = (facts: typeof input): string =>
    facts ? `${facts.format.toUpperCase()} ${facts.width} × ${facts.height}, ${bytes(facts.bytes)}` : '';
  const saved = savedOf(image) ?? 0;
  const losses = lossesInWords(image.notes);
  const remarks = [
    ...changeInWords(image),
    ...(image.outcome === 'kept_original' && saved > 0 && !isChanged(image) ? [compare.unchanged] : []),
    ...(quality === null ? [] : [compare.quality(quality)]),
    ...notesInWords(image).filter((note) => !losses.includes(note)),
  ];
  return (
    <dl class="compare-facts">
      <div>
        <dt>{compare.original}</dt>
        <dd>{side(input)}</dd>
      </div>
      <div>
        <dt>{compare.result}</dt>
        <dd>
          {side(output)} <strong class={saved < 0 ? 'bad' : 'saved'}>{compare.smaller(saved)}</strong>
          {similarity !== null && (
            <span class={likenessClass(similarity)}> · {compare.alike(similarity)}</span>
          )}
          {image.fits === false && <span class="bad"> · {texts.results.fitsNot(image.broken_rules)}</span>}
          {losses.length > 0 && <span class="bad"> · {losses.join(', ')}</span>}
          {remarks.length > 0 && <span class="quiet"> · {remarks.join(' · ')}</span>}
        </dd>
      </div>
      <Forms image={image} />
    </dl>
  );
}

/** The one that is compared stands among its outputs, too. */
const MAIN = 'image';

/** Further widths and forms, each to be opened. */
function Forms({ image: { outputs } }: { image: Image }) {
  const forms = outputs.filter(({ rendition }) => rendition !== MAIN);
  if (forms.length === 0) return null;
  return (
    <div>
      <dt>{texts.request.furtherForms}</dt>
      <dd>
        <ul class="compare-forms">
          {forms.map(({ rendition, url, width, height, bytes: size, format }) => (
            <li key={rendition}>
              <a href={url} target="_blank" rel="noreferrer">
                {texts.forms.form(rendition, width)}
              </a>{' '}
              {format.toUpperCase()} {texts.forms.pixels(width, height)}, {bytes(size)}
            </li>
          ))}
        </ul>
      </dd>
    </div>
  );
}
