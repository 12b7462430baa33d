import type { Preview } from '../api/client.ts';
import { bytes } from '../parts/format.ts';
import type { Look } from '../state/file/look-at-pictures.ts';
import { texts } from '../texts.ts';

/** Each further form of a picture, with its size and bytes. */
export function FormsPreview({ look: { facts, forms } }: { look: Look }) {
  if (facts.renditions.length === 0) return null;
  return (
    <div>
      <h3>{texts.forms.forms}</h3>
      <ul class="picture-forms">
        {facts.renditions.map((form, index) => (
          <li key={form.name}>
            {forms[index] && <img src={forms[index]} alt="" loading="lazy" />}
            <span>
              <strong>{texts.forms.form(form.name, form.output.width)}</strong>
              <span class="quiet small">
                {texts.forms.pixels(form.output.width, form.output.height)} · {bytes(form.output.bytes)} ·{' '}
                {form.output.format.toUpperCase()}
              </span>
              <Fit judged={form} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whether the channel takes it, or why not; nothing where it is for none. */
export function Fit({
  judged: { fits, broken_rules: rules },
}: {
  judged: Pick<Preview, 'fits' | 'broken_rules'>;
}) {
  if (fits === null) return null;
  return fits ? (
    <span class="saved">{texts.results.fits}</span>
  ) : (
    <span class="bad">{texts.results.fitsNot(rules)}</span>
  );
}
