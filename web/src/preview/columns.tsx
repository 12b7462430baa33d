import { useRef } from 'preact/hooks';
import type { DryRun } from '../api/client.ts';
import { chooseColumns, chooseRole } from '../state/file/columns.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** Used columns that are named; shops have up to twenty. */
const CHIPS = 5;

type Column = DryRun['columns'][number];

/** What kind of file it is, and what its columns are used for, which can be changed. */
export function Columns({ survey }: { survey: DryRun }) {
  const { columns, layout, profile, warnings } = survey;
  const hasImages = columns.some(({ role }) => role === 'input');
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
        <ColumnTable columns={columns} />
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
    <button type="button" onClick={() => chooseColumns({ profile: isOfShop ? 'standard' : undefined })}>
      {isOfShop ? texts.columns.notOfShop : texts.columns.recognise}
    </button>
  );
}

function ColumnTable({ columns }: { columns: Column[] }) {
  const inputs = columns.filter(({ role }) => role === 'input').length;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={texts.columns.title}>
      <table class="column-table">
        <thead>
          <tr>
            <th scope="col">{texts.preview.column}</th>
            <th scope="col">{texts.columns.use}</th>
            <th scope="col">{texts.columns.samples}</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column, index) => (
            <tr key={index}>
              <th scope="row">{column.name || texts.columns.unnamed(index + 1)}</th>
              <td>
                <RoleMenu column={column} isLastInput={column.role === 'input' && inputs === 1} />
              </td>
              <td class="samples">
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
