import type { Request } from '../api/client.ts';
import { bytes, minute, percent } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { deleteRequest } from '../state/delete-request.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** Requests, each a link to its page. */
export function RequestCards({ requests }: { requests: Request[] }) {
  const hidden = useStore((state) => state.hidden);
  const mayWrite = useStore((state) => state.mayWrite);
  return (
    <ul class="request-cards">
      {requests
        .filter(({ id }) => !hidden.has(id))
        .map((request) => (
          <li key={request.id}>
            <RequestCard request={request} />
            {mayWrite && <DeleteButton request={request} />}
          </li>
        ))}
    </ul>
  );
}

function DeleteButton({ request }: { request: Request }) {
  const label = texts.history.deleteNamed(request.file_name);
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={() => deleteRequest(request)}
    >
      <Icon name="bin" />
    </button>
  );
}

function RequestCard({ request }: { request: Request }) {
  const { id, file_name: name, created_at: time, counts, bytes: sizes } = request;
  return (
    <a class="request-card" href={`#/requests/${id}`}>
      <span class="request-name">{name}</span>
      <StatusWord request={request} />
      <span class="quiet">{minute(time)}</span>
      <span class="quiet">{texts.images(counts.images)}</span>
      <span class="request-saved">
        {sizes.input > 0 && (
          <>
            <strong>−{percent(sizes.saved_percent)}</strong>{' '}
            <span class="quiet">{bytes(sizes.input - sizes.output)}</span>
          </>
        )}
      </span>
    </a>
  );
}

/** How a request is, or how it has ended. */
export function StatusWord({ request: { status, outcome, is_final: isFinal } }: { request: Request }) {
  const word = isFinal && outcome ? outcome : status;
  return <span class={`status status-${word.toLowerCase()}`}>{texts.status[word]}</span>;
}
