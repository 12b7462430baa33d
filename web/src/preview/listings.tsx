import type { Ref } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { DryRun, Fault } from '../api/client.ts';
import { FaultTable, Mended } from './fault-table.tsx';
import { Icon } from '../parts/icon.tsx';
import { count } from '../parts/format.ts';
import { hideRows, listRows } from '../state/file/list-rows.ts';
import { hasLongRows, isWorkbook } from '../state/file/mend-file.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { lineText } from '../texts-of-requests.ts';
import { AllRows } from './all-rows.tsx';
import { repairText, warningText } from '../texts-of-failures.ts';

/** So many are shown at once. */
const FEW = 3;

/** What is wrong with the file, odd about it, and was read otherwise than it stands. */
export function Listings({ survey }: { survey: DryRun }) {
  const { preview } = texts;
  const { warnings } = survey;
  const patches = useStore(({ chosen }) => chosen?.patches);
  const leftOut = new Set((patches ?? []).filter(({ column }) => column === null).map(({ line }) => line));
  // A row that was left out here leaves a blank line, which is no news.
  const repairs = survey.repairs.items.filter(
    ({ code, line }) => code !== 'BLANK_LINE_SKIPPED' || !leftOut.has(line),
  );
  const repairCount = survey.repairs.total - (survey.repairs.items.length - repairs.length);
  const ofFile = warnings.items.filter(isOfFile);
  const ofRows = warnings.items.filter((item) => !isOfFile(item));
  return (
    <section class="listings" aria-label={preview.found}>
      <Mended />
      <Rows survey={survey} />
      {warnings.total > 0 && (
        <Listing
          kind="warning"
          title={preview.warnings(warnings.total)}
          lead={ofRows.length > 0 ? preview.warningsLead : ''}
          isOpen={warnings.total <= FEW}
        >
          {ofFile.map(({ code, hint }) => (
            <p key={code}>{warningText(code, hint)}</p>
          ))}
          {ofRows.length > 0 && (
            <Lines items={ofRows} total={warnings.total - ofFile.length} isRows={isWorkbook(survey)} />
          )}
        </Listing>
      )}
      {repairCount > 0 && (
        <Listing
          kind="repair"
          title={preview.repairs(repairCount)}
          lead={preview.repairsLead}
          isOpen={repairs.some(({ code }) => code === 'URL_SEPARATOR_MISSING')} // whether it is right is for people to say
        >
          <Repairs items={repairs} isRows={isWorkbook(survey)} />
        </Listing>
      )}
    </section>
  );
}

/** About no row and no column. */
const isOfFile = ({ column, value }: Line): boolean => !column && !value;

/** The rows with faults, those without images, or all: a switch says which. */
function Rows({ survey }: { survey: DryRun }) {
  const shown = useStore((state) => state.shownRows);
  const { total } = survey.faults;
  const empty = survey.rows_without_images;
  const which = shown && (shown.from === 'without-images' ? 'without' : 'all');
  const buttons = useFocusKept(which);
  const showAll = (): void => void listRows(1);
  const showWithout = (): void => void listRows('without-images');
  if (total === 0 && !shown) {
    return (
      <div class="buttons">
        <button type="button" ref={buttons.all} onClick={showAll}>
          <Icon name="table" />
          {texts.rows.show}
        </button>
        {empty > 0 && (
          <button type="button" ref={buttons.without} onClick={showWithout}>
            {texts.rows.showWithout(empty)}
          </button>
        )}
      </div>
    );
  }
  const { title, lead } = wordsOf(which, survey);
  const isInLines = hasLongRows(survey, [...survey.lines, ...(shown?.rows ?? [])]);
  const lines = isInLines || (which === 'without' && !isWorkbook(survey)) ? ` ${texts.mend.lines}` : '';
  return (
    <Listing kind={total > 0 ? 'fault' : 'repair'} title={title} lead={lead + lines} isOpen>
      <div class="switch" role="group" aria-label={texts.rows.which}>
        <button type="button" aria-pressed={!shown} onClick={hideRows}>
          {total > 0 ? texts.rows.faulty : texts.rows.hide}
        </button>
        {(empty > 0 || which === 'without') && (
          <button
            type="button"
            ref={buttons.without}
            aria-pressed={which === 'without'}
            onClick={showWithout}
          >
            {texts.rows.onlyWithout}
          </button>
        )}
        <button type="button" ref={buttons.all} aria-pressed={which === 'all'} onClick={showAll}>
          {texts.rows.all}
        </button>
      </div>
      {survey.images > 0 && <SkipRows />}
      {shown ? <AllRows survey={survey} shown={shown} /> : <FaultTable survey={survey} />}
    </Listing>
  );
}

/** A hundred rows have several controls each, and the options stand behind them: seen where it has the focus. */
function SkipRows() {
  const skip = (): void => document.querySelector<HTMLElement>('.options select')?.focus();
  return (
    <button type="button" class="skip-rows" onClick={skip}>
      {texts.rows.skip}
    </button>
  );
}

type Which = 'all' | 'without' | null;

/** Of the rows that are shown. */
function wordsOf(which: Which, survey: DryRun): { title: string; lead: string } {
  const { preview, rows } = texts;
  if (which === 'without')
    return { title: rows.titleWithout(survey.rows_without_images), lead: rows.leadWithout };
  if (which === 'all') return { title: rows.all, lead: rows.lead };
  return { title: preview.faults(survey.faults.total), lead: preview.faultsLead };
}

/** Of the buttons that show rows: the one that takes the place of another also takes the focus that was lost with it. */
function useFocusKept(which: Which): Record<'all' | 'without', Ref<HTMLButtonElement>> {
  const buttons = { all: useRef<HTMLButtonElement>(null), without: useRef<HTMLButtonElement>(null) };
  const was = useRef(which);
  useLayoutEffect(() => {
    const button = buttons[which ?? was.current ?? 'all'].current ?? buttons.all.current;
    if (was.current !== which && document.activeElement === document.body) button?.focus();
    was.current = which;
  }, [which]);
  return buttons;
}

interface ListingProps {
  kind: 'fault' | 'warning' | 'repair';
  title: string;
  lead: string;
  isOpen?: boolean;
  children: preact.ComponentChildren;
}

function Listing({ kind, title, lead, isOpen = false, children }: ListingProps) {
  return (
    <details class={`listing listing-${kind}`} open={isOpen}>
      <summary>
        <Icon name={kind === 'repair' ? 'check' : 'warning'} />
        <h2>{title}</h2>
      </summary>
      {lead && <p class="quiet">{lead}</p>}
      {children}
    </details>
  );
}

type Line = Pick<Fault, 'line' | 'column' | 'value' | 'hint'>;

function Lines({ items, total, isRows }: { items: Line[]; total: number; isRows: boolean }) {
  const { line, column, value, todo, more } = texts.preview;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={todo}>
      <table>
        <thead>
          <tr>
            {[line(isRows), column, value, todo].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item, index) => (
            <tr key={index}>
              <td class="number">{count(item.line)}</td>
              <td>{item.column}</td>
              <td class="code">{item.value}</td>
              <td>{item.hint}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {total > items.length && <p class="quiet small">{more(total - items.length)}</p>}
    </div>
  );
}

/** One line for each kind, with where it was met first. */
type Repair = DryRun['repairs']['items'][number];

function Repairs({ items, isRows }: { items: Repair[]; isRows: boolean }) {
  const kinds = new Map<string, Repair[]>();
  for (const item of items) kinds.set(item.code, [...(kinds.get(item.code) ?? []), item]);
  return (
    <ul class="repairs">
      {[...kinds].map(([code, all]) => (
        <li key={code}>
          {repairText(code)}{' '}
          <span class="quiet small">
            {[all[0].column, lineText(all[0].line, isRows)].filter(Boolean).join(', ')}
            {all.length > 1 && ` ${texts.preview.more(all.length - 1)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
