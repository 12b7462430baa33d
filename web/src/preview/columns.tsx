import { useRef } from 'preact/hooks';
import type { DryRun } from '../api/client.ts';
import { chooseColumns, chooseRole } from '../state/file/columns.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** Of the text that says why the only column of images can't be another. */
const ONE_IMAGES_ID = 'columns-one-images';

/** Used columns that are named; shops have up to twenty. */
const CHIPS = 5;

type Column = DryRun['columns'][number];

/** What kind of file it is, and what its columns are used for, which can be changed. */
export function Columns({ survey }: { survey: DryRun }) {
  const { columns, layout, profile, warnings } = survey;
  const inputs = columns.filter(({ role }) => role === 'input');
  const hasImages = inputs.length > 0;
  const only = inputs.length === 1 ? inputs[0] : null;
  const isInDoubt = !hasImages || warnings.items.some(({ code }) => code === 'COLUMN_IGNORED');
  // Somebody who chooses columns may have more to choose when the first is settled.
  const wasInDoubt = useRef(isInDoubt);
  wasInDoubt.current ||= isInDoubt;
  const used = columns.filter(({ role }) => role === 'input' || role === 'product');
  return (
    <section class={isInDoubt ? 'columns card' : 'columns'} aria-labelledby="columns-title">
      <div class="row">
        <h2 id="columns-title" class={isInDoubt ? undefined : 'small-title'}>
          {hasImages ? texts.columns.title : texts.columns.which}
        </h2>
        <ProfileSwitch id={profile?.id} />
      </div>
      {!hasImages && (
        <p class="quiet">{hasLinks(columns) ? texts.columns.whichLead : texts.columns.noLinks}</p>
      )}
      <ul class="chips">
        {used.slice(0, CHIPS).map(({ name, role }, index) => (
          <li key={index} class={`chip chip-${role}`}>
            {name} <span class="chip-role">{texts.preview.roles[role]}</span>
          </li>
        ))}
        {used.length > CHIPS && <li class="chip">{texts.preview.more(used.length - CHIPS)}</li>}
      </ul>
      {layout && (
        <p class="small">
          {profile && profile.id !== 'standard' && <strong>{profile.title}. </strong>}
          <span class="quiet">
            {layout.sheet === null
              ? texts.preview.written(
                  texts.preview.separators[layout.delimiter],
                  layout.encoding.toUpperCase(),
                )
              : texts.preview.sheet(layout.sheet)}
          </span>
        </p>
      )}
      <details open={wasInDoubt.current}>
        <summary>{texts.columns.all(columns.length)}</summary>
        <ColumnTable columns={columns} only={only} />
        {only && (
          <p id={ONE_IMAGES_ID} class="quiet small">
            {texts.rows.oneImages}
          </p>
        )}
      </details>
    </section>
  );
}

const hasLinks = (columns: Column[]): boolean =>
  columns.some(({ samples }) => samples.some((sample) => /^(?:https?:)?\/\/|^www\./i.test(sample)));

/** A file that is taken for one of a shop can be read as any other, and back. */
function ProfileSwitch({ id }: { id?: string }) {
  const wanted = useStore(({ chosen }) => chosen?.columns.profile);
  const isOfShop = id !== undefined && id !== 'standard';
  if (!isOfShop && !wanted) return null;
  return (
    <>
      {!isOfShop && <p class="quiet small">{texts.columns.asPlain}</p>}
      <button type="button" onClick={() => chooseColumns({ profile: isOfShop ? 'standard' : undefined })}>
        {isOfShop ? texts.columns.notOfShop : texts.columns.recognise}
      </button>
    </>
  );
}

/** Its parts name their roles: on a phone they are cards, and what is no table on the screen is none for some screen readers. */
function ColumnTable({ columns, only }: { columns: Column[]; only: Column | null }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={texts.columns.all(columns.length)}>
      <table class="column-table" role="table">
        <thead role="rowgroup">
          <tr role="row">
            {[texts.preview.column, texts.columns.use, texts.columns.samples].map((name) => (
              <th key={name} scope="col" role="columnheader">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {columns.map((column, index) => (
            <tr key={index} role="row">
              <th scope="row" role="rowheader">
                {column.name || texts.columns.unnamed(index + 1)}
              </th>
              <td role="cell">
                <RoleMenu column={column} isLastInput={column === only} />
              </td>
              <td class="samples" role="cell">
                {column.samples.map((sample) => (
                  <span key={sample} class="sample-value" title={sample}>
                    {sample}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A file needs a column of images, and the one of names is only moved: without it the service would find it again. */
function RoleMenu({ column: { name, role }, isLastInput }: { column: Column; isLastInput: boolean }) {
  const others = role === 'input' || role === 'product' ? 'extra' : role;
  const choose = (value: string): void => chooseRole(name, value as 'input' | 'product' | 'extra');
  const isFixed = name === '' || isLastInput;
  return (
    <select
      aria-label={texts.columns.useOf(name)}
      aria-describedby={isLastInput ? ONE_IMAGES_ID : undefined}
      value={role}
      disabled={isFixed}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {(['input', 'product', others] as const).map((each) => (
        <option key={each} value={each} disabled={role === 'product' && each === 'extra'}>
          {texts.columns.roles[each]}
        </option>
      ))}
    </select>
  );
}
