import { useEffect, useRef } from 'preact/hooks';
import { Problem } from '../parts/problem.tsx';
import { useSpoken } from '../parts/use-spoken.ts';
import { listMore, listRequests } from '../state/list-requests.ts';
import { setFilter } from '../state/route.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { RequestCards } from './request-cards.tsx';

/** What the list can be narrowed to: states and outcomes, as the API knows them. */
const CHOICES = {
  'status:Processing': texts.status.Processing,
  'outcome:succeeded': texts.status.succeeded,
  'outcome:partial': texts.status.partial,
  'outcome:failed': texts.status.failed,
  'outcome:cancelled': texts.status.cancelled,
};

/** All files that were uploaded. */
export function HistoryPage() {
  const filter = useStore(({ route }) => route.filter);
  const { items, cursor, isLoading, error } = useStore(({ list }) => list);
  const hidden = useStore((state) => state.hidden);
  const found = items.filter(({ id }) => !hidden.has(id)).length;
  const asked = filter.toString();
  useEffect(() => void listRequests(new URLSearchParams(asked)), [asked]);
  // Of what is about to be deleted a message has told.
  useSpoken(asked && !isLoading ? texts.history.found(items.length, cursor !== null) : '');
  const none = asked ? texts.history.noneFits : texts.history.none;
  return (
    <div class="stack">
      <div>
        <h1>{texts.history.title}</h1>
        <p class="lead">{texts.history.lead}</p>
      </div>
      <HistoryFilter filter={filter} />
      {error && <Problem error={error} again={() => void listRequests(filter)} />}
      {!error && found === 0 && (asked || items.length === 0) && (
        <p class="empty">{isLoading ? texts.loading : none}</p>
      )}
      <div aria-busy={isLoading}>
        <RequestCards requests={items} />
      </div>
      {cursor && (
        <div class="buttons">
          <button type="button" onClick={() => void listMore(filter)}>
            {texts.history.more}
          </button>
        </div>
      )}
    </div>
  );
}

function HistoryFilter({ filter }: { filter: URLSearchParams }) {
  const search = useRef<HTMLInputElement>(null);
  const value = (name: string): string => filter.get(name) ?? '';
  const clear = (): void => {
    setFilter(Object.fromEntries([...filter.keys()].map((name) => [name, ''])));
    search.current!.focus(); // the button goes
  };
  return (
    <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
      <label class="field grow">
        {texts.history.search}
        <input
          type="search"
          ref={search}
          maxLength={100}
          value={value('search')}
          onInput={(event) => setFilter({ search: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        {texts.history.show}
        <select value={value('show')} onChange={(event) => setFilter({ show: event.currentTarget.value })}>
          <option value="">{texts.history.all}</option>
          {Object.entries(CHOICES).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {(['from', 'to'] as const).map((name) => (
        <label class="field" key={name}>
          {texts.history[name]}
          <input
            type="date"
            value={value(name)}
            onChange={(event) => setFilter({ [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      {filter.size > 0 && (
        <button type="button" onClick={clear}>
          {texts.results.clear}
        </button>
      )}
    </form>
  );
}
