import { useState } from 'preact/hooks';
import type { Image, Request } from '../api/client.ts';
import { count, hostOf } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { retryImages, useMayRetry } from '../state/retry-images.ts';
import { lineOf, nameOf } from '../state/name-images.ts';
import { texts } from '../texts.ts';
import { adviceOn, isToldByMessage, numbersOf, reasonOf } from '../texts-of-failures.ts';
import { MendUrls } from './mend-urls.tsx';
import { showImages } from './show-images.ts';

const NAMED = 3;

/** Images that one call tries again. */
const MOST_RETRIED = 1000;

interface Group {
  code: string;
  host: string;
  advice: string;
  images: Image[];
}

/** Failed images by reason and host, the most first, each reason with what to do. */
export function Failures({ request, failures }: { request: Request; failures: Image[] }) {
  const { id, counts } = request;
  const mayRetry = useMayRetry();
  const total = counts.failed;
  return (
    <section class="failures card" aria-labelledby="failures-title">
      <div class="row">
        <h2 id="failures-title">
          <Icon name="warning" /> {texts.failures.title(total)}
        </h2>
        {mayRetry && total > 1 && (
          <button type="button" onClick={() => retryImages(id, total)}>
            <Icon name="repeat" />
            {texts.failures.retryAll}
          </button>
        )}
      </div>
      <p class="quiet">{texts.failures.lead}</p>
      <ul>
        {groupsOf(failures).map((group, index, groups) => (
          <FailureGroup
            key={`${group.code} ${group.host} ${group.advice}`}
            group={group}
            isAdvised={group.advice === groups[index - 1]?.advice}
            id={mayRetry ? id : null}
          />
        ))}
      </ul>
      {request.is_final && failures.length > 0 && failures.length < total && (
        <p class="quiet small">{texts.failures.first(failures.length)}</p>
      )}
    </section>
  );
}

interface FailureGroupProps {
  group: Group;
  /** Whether what to do stands at the group above. */
  isAdvised: boolean;
  /** Of the request, where it can be tried again. */
  id: string | null;
}

function FailureGroup({ group, isAdvised, id }: FailureGroupProps) {
  const { code, host, advice, images } = group;
  const [isMending, setIsMending] = useState(false);
  const isPassing = images.some(({ error }) => error?.retryable);
  const ids = images.slice(0, MOST_RETRIED).map((image) => image.id);
  return (
    <li class="failure">
      <div class="row">
        <h3>
          <span class="failure-count">{count(images.length)}</span> {reasonOf(code)}{' '}
          <span class="quiet">{texts.failures.at(host)}</span>
        </h3>
        <div class="buttons">
          {id && (
            <button
              type="button"
              class={isPassing ? 'primary' : undefined}
              aria-label={texts.failures.retryNamed(reasonOf(code), host)}
              onClick={() => retryImages(id, ids.length, { images: ids })}
            >
              {texts.failures.retry}
            </button>
          )}
          {id && (
            <button
              type="button"
              aria-expanded={isMending}
              aria-label={texts.failures.mendNamed(reasonOf(code), host)}
              onClick={() => setIsMending(!isMending)}
            >
              {texts.failures.mend}
            </button>
          )}
          <button
            type="button"
            aria-label={texts.failures.showNamed(images.length, reasonOf(code), host)}
            onClick={() => showImages({ show: 'failed', code, host })}
          >
            {texts.failures.show(images.length)}
          </button>
        </div>
      </div>
      {!isAdvised && <p>{advice}</p>}
      {id && isMending ? <MendUrls id={id} images={images} /> : <Named images={images} />}
    </li>
  );
}

function Named({ images }: { images: Image[] }) {
  return (
    <ul class="failure-images">
      {images.slice(0, NAMED).map((image) => (
        <li key={image.id}>
          {nameOf(image)} <span class="quiet small">{lineOf(image)}</span>{' '}
          <span class="code">{image.input_url}</span> <span class="quiet small">{numbersOf(image)}</span>
        </li>
      ))}
      {images.length > NAMED && <li class="quiet">{texts.failures.more(images.length - NAMED)}</li>}
    </ul>
  );
}

/** Those with the same advice stand together. */
function groupsOf(failures: Image[]): Group[] {
  const groups = new Map<string, Group>();
  for (const image of failures) {
    const { code, message } = image.error ?? { code: '', message: '' };
    const host = hostOf(image.input_url);
    const name = [code, host, ...(isToldByMessage(code) ? [message] : [])].join(' ');
    const group = groups.get(name) ?? { code, host, advice: adviceOn(code, message), images: [] };
    group.images.push(image);
    groups.set(name, group);
  }
  const totals = new Map<string, number>();
  for (const { advice, images } of groups.values())
    totals.set(advice, (totals.get(advice) ?? 0) + images.length);
  return [...groups.values()].sort(
    (a, b) =>
      totals.get(b.advice)! - totals.get(a.advice)! ||
      a.advice.localeCompare(b.advice) ||
      b.images.length - a.images.length,
  );
}
