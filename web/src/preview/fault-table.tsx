import { useRef } from 'preact/hooks';
import type { DryRun } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { count } from '../parts/format.ts';
import {
  type MendableCell,
  faultyCells,
  isWorkbook,
  likeTheLast,
  mend,
  saveMended,
  takeRowIn,
  undoMending,
  withScheme,
} from '../state/file/mend-file.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { LeaveOut } from './leave-out.tsx';
import { Mendable, nextFault, useNextFaultKey } from './mendable.tsx';

/** Rows that are drawn at once; those behind them come as these are mended. */
const DRAWN = 100;

/** The rows of the file that have faults: their cells are mended in place, and the file is checked again at once. */
export function FaultTable({ survey }: { survey: DryRun }) {
  const table = useRef<HTMLDivElement>(null);
  useNextFaultKey(table);
  const cells = faultyCells(survey);
  const { line, column, todo, more } = texts.preview;
  const { content, leave } = texts.mend;
  const heads = [line(isWorkbook(survey)), texts.results.product, column, content, todo, leave];
  return (
    <>
      <FaultActions cells={cells} keys={texts.mend.keys} />
      <div class="scroll" tabIndex={0} role="region" aria-label={texts.mend.table} ref={table}>
        <table class="fault-table" role="table">
          <thead role="rowgroup">
            <tr role="row">
              {heads.map((name) => (
                <th key={name} scope="col" role="columnheader">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {cells.slice(0, DRAWN).map((cell) => (
              <Row key={`${cell.line} ${cell.column}`} cell={cell} inWorkbook={isWorkbook(survey)} />
            ))}
          </tbody>
        </table>
        {survey.faults.total > DRAWN && <p class="quiet small">{more(survey.faults.total - DRAWN)}</p>}
      </div>
    </>
  );
}

/** With its roles in words: on a phone it is laid out as no table. */
function Row({ cell, inWorkbook }: { cell: MendableCell; inWorkbook: boolean }) {
  const { line, where, column, name, text, product, faults } = cell;
  const hintId = `hint-${line}-${column}`;
  return (
    <tr role="row">
      <td role="cell" class="number">
        <span class="narrow" aria-hidden="true">
          {texts.preview.line(inWorkbook)}{' '}
        </span>
        {count(line)}
      </td>
      <td role="cell" class="fault-product">
        {product}
      </td>
      <td role="cell">{name}</td>
      <td role="cell" class="code">
        {text === null || column === null ? (
          faults[0].value
        ) : (
          <Mendable cell={cell} text={text} hintId={hintId} next={nextFault} />
        )}
      </td>
      <td role="cell" id={hintId}>
        {[...new Set(faults.map(({ hint }) => hint))].join(' ')}
      </td>
      <td role="cell">{line > 1 && <LeaveOut line={line} where={where} />}</td>
    </tr>
  );
}

/** What can be done to several cells at once; `keys`: what keys do in one, in words. */
export function FaultActions({ cells, keys }: { cells: MendableCell[]; keys: string }) {
  const short = withScheme(cells);
  const alike = likeTheLast(cells);
  const hasMendable = cells.some(({ text }) => text !== null);
  return (
    <div class="row">
      <p class="quiet small">
        {hasMendable && texts.mend.cells} {hasMendable && <span class="key-hint">{keys}</span>}
      </p>
      <div class="buttons">
        {alike.length > 0 && (
          <button type="button" class="primary" onClick={() => mend(alike)}>
            {texts.mend.alike(alike.length)}
          </button>
        )}
        {short.length > 0 && (
          <button type="button" onClick={() => mend(short)}>
            {texts.mend.addHttps(short.length)}
          </button>
        )}
      </div>
    </div>
  );
}

/** Rows that were removed, each with a button. */
const MOST_NAMED = 10;

/** What was changed, to be taken away or taken back. */
export function Mended() {
  const patches = useStore(({ chosen }) => chosen?.patches);
  const isWorkbook = useStore(({ chosen }) => typeof chosen?.survey?.layout?.sheet === 'string');
  if (!patches || patches.length === 0) return null;
  const removed = patches.filter(({ value }) => value === null).map(({ line }) => line);
  const rows = removed.length;
  return (
    <section class="mended row" aria-labelledby="mended-text">
      <p id="mended-text">
        <Icon name="check" /> {texts.mend.changed(patches.length - rows, rows)}
        {isWorkbook && rows > 0 && ` ${texts.mend.leftEmpty}`}
      </p>
      <div class="buttons">
        <button type="button" onClick={() => void saveMended()}>
          <Icon name="download" />
          {texts.mend.download}
        </button>
        <button type="button" onClick={undoMending}>
          {texts.mend.undo}
        </button>
        {removed.slice(0, MOST_NAMED).map((line) => (
          <button key={line} type="button" onClick={() => takeRowIn(line)}>
            {texts.rows.takeIn(line, isWorkbook)}
          </button>
        ))}
      </div>
    </section>
  );
}
