import { useMemo, useRef, useState } from 'preact/hooks';
import type { Image, Request } from '../api/client.ts';
import { hostOf } from '../parts/format.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { Icon } from '../parts/icon.tsx';
import { useSpoken } from '../parts/use-spoken.ts';
import { say } from '../state/judging/judge-images.ts';
import { picturesOf, type Shared } from '../state/judging/shared-pictures.ts';
import { setFilter } from '../state/route.ts';
import { current, useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { reasonOf } from '../texts-of-failures.ts';
import { ChosenBar } from './chosen-images.tsx';
import { Compare } from '../compare/compare.tsx';
import { ResultsTable } from './results-table.tsx';
import { ResultsTiles } from './results-tiles.tsx';
import { savedOf, selectImages } from './select-images.ts';
import { RESULTS_ID } from './show-images.ts';

interface ResultsProps {
  request: Request;
  images: Image[];
  hasAll: boolean;
}

/** The images, as a table or as tiles; what is shown stands in the address. */
export function Results({ request, images, hasAll }: ResultsProps) {
  const filter = useStore(({ route }) => route.filter);
  const asked = filter.toString();
  const selected = useMemo(() => selectImages(images, new URLSearchParams(asked)), [images, asked]);
  const [opened, setOpened] = useState<Opened | null>(null);
  const pictures = useMemo(() => imagesOf(opened?.order ?? [], images), [opened?.order, images]);
  const at = pictures.findIndex(([{ id }]) => id === opened?.id);
  const shown = texts.results.shown(selected.length, images.length);
  useFoundSpoken(filter, hasAll ? shown : '');
  const compare = (listed: Image[], id: string): void => {
    say(''); // before it is drawn: what was said last is about other pictures
    setOpened({ order: picturesOf(listed, images.filter(isComparable), id), id });
  };
  const judge = (): void => {
    const worst = selectImages(images, new URLSearchParams({ sort: 'worst' })).filter(isComparable);
    const { judged } = current();
    setFilter({ sort: 'worst' });
    compare(worst, (worst.find(({ id }) => !judged.has(id)) ?? worst[0]).id);
  };
  if (images.length === 0) return request.is_final ? null : <Unlisted images={request.counts.images} />;
  const List = filter.get('view') === 'tiles' ? ResultsTiles : ResultsTable;
  return (
    <section class="results" aria-labelledby={RESULTS_ID}>
      <div class="row">
        <h2 id={RESULTS_ID}>{texts.results.title}</h2>
        <p class="quiet">
          {shown}
          {!hasAll && ` – ${texts.results.listing}`}
        </p>
      </div>
      {request.is_final && hasAll && selected.filter(isComparable).length > 1 && (
        <div class="buttons">
          <button type="button" onClick={judge}>
            <Icon name="check" />
            {texts.results.judge}
          </button>
        </div>
      )}
      <Toolbar images={images} filter={filter} />
      <ChosenBar request={request} images={images} listed={selected} />
      {selected.length === 0 ? (
        <NothingFits />
      ) : (
        <List images={selected} open={({ id }) => compare(selected.filter(isComparable), id)} />
      )}
      {at >= 0 && (
        <Compare
          pictures={pictures}
          at={at}
          go={(index) => opened && setOpened({ ...opened, id: pictures[index][0].id })}
          close={() => setOpened(null)}
        />
      )}
    </section>
  );
}

/** What the list is narrowed by; in another order, or as tiles, it is the same. */
const NARROWING = ['show', 'search', 'host', 'code', 'format'];

/** Has it read aloud how many images a filter or a search has found, when nobody types any more; and not what the work changes of it. */
function useFoundSpoken(filter: URLSearchParams, found: string): void {
  const narrowedBy = NARROWING.map((name) => filter.get(name) ?? '').join(' ');
  const wasNarrowed = useRef(false);
  wasNarrowed.current ||= narrowedBy.trim() !== '';
  useSpoken(wasNarrowed.current ? found : '', narrowedBy);
}

/** The picture that is compared, and the order in which the others come: it stays as it was when the first was opened. */
interface Opened {
  order: Shared[];
  id: string;
}

const isComparable = (image: Image): boolean => savedOf(image) !== null;

function imagesOf(order: Shared[], images: Image[]): Image[][] {
  if (order.length === 0) return [];
  const byId = new Map(images.map((image) => [image.id, image]));
  const pictures = order.map((ids) => ids.flatMap((id) => byId.get(id) ?? []));
  return pictures.filter(({ length }) => length > 0);
}

function Unlisted({ images }: { images: number }) {
  return <p class="empty">{images > 1000 ? texts.results.listedAtEnd : texts.results.listing}</p>;
}

function NothingFits() {
  const clear = (): void => setFilter({ show: '', host: '', code: '', format: '', search: '' });
  return (
    <div class="empty">
      <p>{texts.results.none}</p>
      <button type="button" onClick={clear}>
        {texts.results.clear}
      </button>
    </div>
  );
}

function Toolbar({ images, filter }: { images: Image[]; filter: URLSearchParams }) {
  const hosts = useMemo(() => [...new Set(images.map(({ input_url: url }) => hostOf(url)))].sort(), [images]);
  const formats = useMemo(
    () => [...new Set(images.flatMap(({ input, output }) => (output ?? input)?.format ?? []))].sort(),
    [images],
  );
  const value = (name: string): string => filter.get(name) ?? '';
  const { sorts } = texts.results;
  // Of images that go nowhere in particular, none fits or does not.
  const isJudged = value('show') === 'unfit' || images.some(({ fits }) => fits !== null);
  const { unfit, ...others } = texts.results.filters;
  const filters = isJudged ? { ...others, unfit } : others;
  return (
    <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
      <label class="field grow">
        {texts.results.search}
        <input
          type="search"
          value={value('search')}
          onInput={(event) => setFilter({ search: event.currentTarget.value })}
        />
      </label>
      <Select
        name="show"
        label={texts.results.filter}
        value={value('show')}
        choices={withDefault(filters, 'all')}
      />
      <Select
        name="sort"
        label={texts.results.sort}
        value={value('sort')}
        choices={withDefault(sorts, 'file')}
      />
      {hosts.length > 1 && (
        <Select
          name="host"
          label={texts.results.host}
          value={value('host')}
          choices={named(hosts, texts.results.anyHost)}
        />
      )}
      {formats.length > 1 && (
        <Select
          name="format"
          label={texts.results.format}
          value={value('format')}
          choices={named(formats, texts.results.anyFormat)}
        />
      )}
      {value('code') && <Reason code={value('code')} />}
      <ViewSwitch isTiles={value('view') === 'tiles'} />
    </form>
  );
}

/** The one that counts unless another is chosen is not in the address. */
const withDefault = (words: Record<string, string>, usual: string): [string, string][] =>
  Object.entries(words).map(([name, text]) => [name === usual ? '' : name, text]);

const named = (values: string[], any: string): [string, string][] => [
  ['', any],
  ...values.map((value): [string, string] => [value, value]),
];

interface SelectProps {
  name: string;
  label: string;
  value: string;
  choices: [value: string, text: string][];
}

function Select({ name, label, value, choices }: SelectProps) {
  // A reason belongs to the failures that it was chosen from.
  const choose = (chosen: string): void =>
    setFilter(name === 'show' ? { show: chosen, code: '' } : { [name]: chosen });
  return (
    <label class="field">
      {label}
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {choices.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Of the failures that are shown alone; it was chosen above the list. */
function Reason({ code }: { code: string }) {
  return (
    <span class="only">
      {texts.results.only(reasonOf(code))}
      <IconButton
        icon="cross"
        label={texts.results.allReasons}
        act={() => setFilter({ code: '', host: '' })}
      />
    </span>
  );
}

function ViewSwitch({ isTiles }: { isTiles: boolean }) {
  return (
    <div class="switch" role="group" aria-label={texts.results.view}>
      <button type="button" aria-pressed={!isTiles} onClick={() => setFilter({ view: '' })}>
        <Icon name="table" /> {texts.results.table}
      </button>
      <button type="button" aria-pressed={isTiles} onClick={() => setFilter({ view: 'tiles' })}>
        <Icon name="tiles" /> {texts.results.tiles}
      </button>
    </div>
  );
}
