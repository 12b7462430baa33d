import { useEffect, useRef } from 'preact/hooks';
import type { DryRun } from '../api/client.ts';
import { count } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { LINES_SHOWN, listRows, listRowsAgain, type ShownRows } from '../state/file/list-rows.ts';
import { faultyCells, isWorkbook, type MendableCell } from '../state/file/mend-file.ts';
import { announce } from '../state/notices.ts';
import { current } from '../state/store.ts';
import { texts } from '../texts.ts';
import { lineText } from '../texts-of-requests.ts';
import { FaultActions } from './fault-table.tsx';
import { LeaveOut } from './leave-out.tsx';
import { cellBelow, Mendable, useNextFaultKey } from './mendable.tsx';

/** The rows of the file as they stand, a part at a time or those without images; cells with faults or links can be changed. */
export function AllRows({ survey, shown }: { survey: DryRun; shown: ShownRows }) {
  const table = useRef<HTMLDivElement>(null);
  useNextFaultKey(table);
  useEffect(listRowsAgain, [survey]);
  useEffect(() => showFaultyColumn(table.current), [shown.from]); // not where a row of them was changed
  const { columns } = survey;
  const cells = faultyCells(survey);
  const faultyLines = new Set(cells.map((cell) => cell.line));
  const faulty = new Map(cells.map((cell) => [`${cell.line} ${cell.column}`, cell]));
  return (
    <>
      {cells.length > 0 && shown.from !== 'without-images' && (
        <FaultActions cells={cells} keys={texts.rows.keys} />
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label={texts.rows.table} ref={table}>
        <table class="all-rows">
          <thead>
            <tr>
              <th scope="col" class="of-line">
                {texts.preview.line(isWorkbook(survey))}
              </th>
              <th scope="col">{texts.mend.leave}</th>
              {columns.map(({ name, role }, index) => (
                <th key={index} scope="col" class={classOf(role)}>
                  {name || texts.columns.unnamed(index + 1)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.rows.map(({ line, cells: texts }) => (
              <tr key={line}>
                <th scope="row" class={faultyLines.has(line) ? 'of-line number bad' : 'of-line number'}>
                  {faultyLines.has(line) && <Icon name="warning" />}
                  {count(line)}
                </th>
                <td>
                  <LeaveOut line={line} where={lineText(line, isWorkbook(survey))} />
                </td>
                {columns.map(({ name, role }, index) => {
                  const text = texts[index] ?? '';
                  const where = lineText(line, isWorkbook(survey));
                  const cell = { line, where, column: index + 1, name, text, product: '', faults: [] };
                  const fault = faulty.get(`${line} ${index + 1}`);
                  return (
                    <Cell
                      key={index}
                      text={text}
                      class={classOf(role)}
                      cell={fault ?? (role === 'input' ? cell : null)}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
        {shown.rows.length === 0 && <p class="quiet">{texts.rows.none}</p>}
      </div>
      {shown.from === 'without-images' ? (
        <More survey={survey} shown={shown} />
      ) : (
        <Pager survey={survey} from={shown.from} rows={shown.rows} />
      )}
    </>
  );
}

/** The column of the product's name stays in sight. */
const classOf = (role: string): string => (role === 'product' ? 'of-product' : '');

/** A wide table begins where its first faulty cell is seen, were it half of it: nobody looks for one in eighty columns. */
function showFaultyColumn(table: HTMLElement | null): void {
  const cell = table?.querySelector<HTMLElement>('.faulty-cell');
  if (!table || !cell) return;
  const middle = cell.offsetLeft + cell.offsetWidth / 2;
  const end = cell.offsetLeft + cell.offsetWidth;
  if (middle > table.scrollLeft + table.clientWidth) table.scrollLeft = end - table.clientWidth;
}

interface CellProps {
  text: string;
  class: string;
  /** One that can be written in: it has faults, or links that can be other ones. */
  cell: MendableCell | null;
}

function Cell({ text, cell, class: name }: CellProps) {
  if (!cell)
    return (
      <td class={name} title={text}>
        {text}
      </td>
    );
  const hint = cell.faults.map((each) => each.hint).join(' ');
  return (
    <td class={`${name} ${cell.faults.length > 0 ? 'faulty-cell' : 'link-cell'}`} title={hint || undefined}>
      {cell.text !== null ? (
        <Mendable cell={cell} text={cell.text} hint={hint || undefined} next={cellBelow} />
      ) : (
        <span class="bad">{text}</span>
      )}
    </td>
  );
}

/** How many rows without images are not listed. */
function More({ survey, shown }: { survey: DryRun; shown: ShownRows }) {
  const more = survey.rows_without_images - shown.rows.length;
  return more > 0 ? <p class="quiet small">{texts.preview.more(more)}</p> : null;
}

interface PagerProps {
  survey: DryRun;
  from: number;
  rows: ShownRows['rows'];
}

/** Lines are counted as in the file: a row of several lines, or a blank one, leaves a gap. */
function Pager({ survey, from, rows }: PagerProps) {
  const isWhole = from === 1 && rows.length >= survey.rows + survey.faults.total;
  if (isWhole) return null;
  const { before, after, lines } = texts.rows;
  const isRows = isWorkbook(survey);
  const linesFrom = (line: number): string => lines(line, line + LINES_SHOWN - 1, isRows);
  const go = async (line: number): Promise<void> => {
    await listRows(line);
    if (current().shownRows?.from === line) announce(linesFrom(line)); // else the service did not give them
  };
  return (
    <div class="row">
      <p class="quiet small">{linesFrom(from)}</p>
      <div class="buttons">
        <button type="button" disabled={from === 1} onClick={() => void go(Math.max(1, from - LINES_SHOWN))}>
          {before(LINES_SHOWN, isRows)}
        </button>
        <button type="button" disabled={rows.length === 0} onClick={() => void go(from + LINES_SHOWN)}>
          {after(LINES_SHOWN, isRows)}
        </button>
      </div>
    </div>
  );
}
