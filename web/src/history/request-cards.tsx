import type { Request } from '../api/client.ts';
import { bytes, percent, resultBytes, second } from '../parts/format.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { deleteRequest } from '../state/delete-request.ts';
import { useStore } from '../state/store.ts';
import { takeAgain } from '../state/file/take-file.ts';
import { texts } from '../texts.ts';
import { optionsInWords } from '../texts-of-options.ts';

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
            {mayWrite && <CardActions request={request} />}
          </li>
        ))}
    </ul>
  );
}

/** An upload that is at work can't be run again, but deleted: what it has done goes with it. */
function CardActions({ request }: { request: Request }) {
  const { file_name: name, is_final: isFinal, created_at: time } = request;
  // With seconds: a file that is uploaded twice in a minute has two cards, which are to be told apart by ear.
  const upload = texts.history.uploadOf(name, second(time));
  return (
    <span class="card-actions">
      {isFinal && (
        <IconButton
          icon="repeat"
          label={texts.history.runAgain(upload)}
          act={() => void takeAgain(request)}
        />
      )}
      <IconButton
        icon="bin"
        label={texts.history.deleteNamed(upload)}
        act={() => deleteRequest(request)}
        next="request"
      />
    </span>
  );
}

function RequestCard({ request }: { request: Request }) {
  const { id, name: own, file_name: name, created_at: time, counts, bytes: sizes, labels } = request;
  const pairs = Object.entries(labels).map(([key, value]) => `${key}: ${value}`);
  return (
    <a class="request-card" data-same="request" href={`#/requests/${id}`}>
      <span class="request-name">
        <FileName name={own !== nameWithoutEnding(name) ? `${own} – ${name}` : name} />
      </span>
      <StatusWord request={request} />
      <span class="quiet">{second(time)}</span>
      <span class="quiet">{texts.images(counts.images)}</span>
      <span class="request-saved">
        {sizes.input > 0 && (
          <>
            <strong>
              {sizes.saved_percent < 0 ? '+' : '−'}
              {percent(Math.abs(sizes.saved_percent))}
            </strong>{' '}
            <span class="quiet">{bytes(Math.abs(sizes.input - resultBytes(sizes)))}</span>
          </>
        )}
      </span>
      <span class="request-options quiet small">{[optionsInWords(request), ...pairs].join(' · ')}</span>
    </a>
  );
}

/** No line begins within the ending of a file. */
function FileName({ name }: { name: string }) {
  const at = name.search(/\w{0,4}\.\w{1,5}$/);
  if (at === -1) return <>{name}</>;
  return (
    <>
      {name.slice(0, at)}
      <span class="unbroken">{name.slice(at)}</span>
    </>
  );
}

/** As the service names a request that was given no name. */
const nameWithoutEnding = (name: string): string => name.replace(/\.[^.]*$/, '');

/** How a request is, or how it has ended. */
export function StatusWord({ request: { status, outcome, is_final: isFinal } }: { request: Request }) {
  const word = isFinal && outcome ? outcome : status;
  const text = status === 'Cancelled' && !isFinal ? texts.status.cancelling : texts.status[word];
  return <span class={`status status-${word.toLowerCase()}`}>{text}</span>;
}
