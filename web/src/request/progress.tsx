import type { ComponentChildren } from 'preact';
import type { Request } from '../api/client.ts';
import { bytes, count, duration, percent, resultBytes } from '../parts/format.ts';
import { cancelRequest } from '../state/follow-request.ts';
import { goOn } from '../state/retry-images.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

interface ProgressProps {
  request: Request;
  rate: number | null;
}

/** How far the work is, or what it has come to. */
export function Progress({ request, rate }: ProgressProps) {
  const isCancelled = request.status === 'Cancelled';
  return (
    <section class="progress card" aria-label={texts.request.progress}>
      {request.is_final ? (
        <Outcome request={request} />
      ) : (
        <Running request={request} rate={isCancelled ? null : rate} />
      )}
    </section>
  );
}

function Running({ request, rate }: ProgressProps) {
  const { counts, bytes: sizes, progress, file_name: name, id } = request;
  const left = counts.pending + counts.processing;
  const isCancelled = request.status === 'Cancelled';
  const mayWrite = useStore((state) => state.mayWrite);
  const slowest = useStore(({ shown }) => shown?.slowest ?? null);
  const tried = useStore(({ shown }) => shown?.triedAgain ?? 0);
  const hosts = useStore(({ shown }) => shown?.waitingFor ?? null);
  const isWaiting = counts.processing === 0 && hosts !== null && hosts.length > 0;
  return (
    <>
      <div class="row">
        <p class="progress-percent">{Math.floor(progress * 100)}%</p>
        {mayWrite && (
          <button
            type="button"
            aria-label={texts.request.cancelNamed(name)}
            aria-disabled={isCancelled}
            onClick={() => void cancelRequest(id)}
          >
            {texts.cancel}
          </button>
        )}
      </div>
      {isCancelled && <p>{texts.request.ending(left)}</p>}
      <Bar request={request} />
      <dl class="facts">
        <Fact name={texts.request.done}>{count(counts.done)}</Fact>
        <Fact name={texts.request.failed} isBad={counts.failed > 0}>
          {count(counts.failed)}
        </Fact>
        <Fact name={isCancelled ? texts.request.atWork : texts.request.left}>{count(left)}</Fact>
        {tried > 0 && !isCancelled && (
          <Fact name={texts.judging.triedAgain}>
            {texts.judging.haveEnded(Math.max(0, tried - left), tried)}
          </Fact>
        )}
        <Fact name={texts.request.rate}>{rate ? texts.request.perSecond(rate) : texts.request.unknown}</Fact>
        <Fact name={texts.request.timeLeft}>
          {isWaiting && texts.request.waitingFor(hosts)}
          {!isWaiting && (rate ? texts.request.about(duration(left / rate)) : texts.request.unknown)}
        </Fact>
        <Fact name={texts.request.saved}>{sizes.input > 0 ? savedSoFar(sizes) : texts.request.unknown}</Fact>
        {slowest && (
          <Fact name={texts.request.slowest}>
            {texts.request.takes(slowest.host, slowest.milliseconds / 1000)}
          </Fact>
        )}
      </dl>
    </>
  );
}

/** The first images may be larger than before: a shop gets them in another format. */
function savedSoFar(sizes: Request['bytes']): string {
  const saved = sizes.input - resultBytes(sizes);
  if (saved < 0) return `${percent(-sizes.saved_percent)} ${texts.request.larger}`;
  return `${bytes(saved)} (${percent(sizes.saved_percent)})`;
}

/** Done and failed images as parts of all. */
function Bar({ request: { counts, progress } }: { request: Request }) {
  const part = (value: number) => ({ width: `${(100 * value) / Math.max(1, counts.images)}%` });
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={texts.request.progress}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(progress * 100)}
    >
      <span class="bar-done" style={part(counts.done)} />
      <span class="bar-failed" style={part(counts.failed)} />
    </div>
  );
}

function Outcome({ request }: { request: Request }) {
  const { counts, bytes: sizes, started_at: began, completed_at: ended } = request;
  const mayWrite = useStore((state) => state.mayWrite);
  // From the second run on it would hold the time in which nothing was done.
  const seconds = request.run === 1 && began && ended ? (Date.parse(ended) - Date.parse(began)) / 1000 : null;
  return (
    <>
      {sizes.input > 0 && <Saving {...sizes} />}
      {request.status === 'Cancelled' && (
        <div class="row">
          <p>{texts.request.cancelledHint(counts.done, counts.images)}</p>
          {mayWrite && counts.cancelled + counts.failed > 0 && (
            <button type="button" onClick={() => goOn(request)}>
              {texts.request.goOn}
            </button>
          )}
        </div>
      )}
      <dl class="facts">
        <Fact name={texts.request.done}>
          {count(counts.done)} / {count(counts.images)}
        </Fact>
        <Fact name={texts.request.failed} isBad={counts.failed > 0}>
          {count(counts.failed)}
        </Fact>
        {sizes.input > 0 && (
          <Fact name={texts.request.saved}>{bytes(Math.max(0, sizes.input - resultBytes(sizes)))}</Fact>
        )}
        {sizes.renditions > 0 && <Fact name={texts.request.furtherForms}>{bytes(sizes.renditions)}</Fact>}
        {seconds !== null && <Fact name={texts.request.time}>{duration(seconds)}</Fact>}
      </dl>
    </>
  );
}

/** Bytes before and after as two bars, drawn to one scale. */
function Saving(sizes: Request['bytes']) {
  const { input, saved_percent: saved } = sizes;
  const output = resultBytes(sizes);
  return (
    <div class="saving">
      <p class="saving-figure">
        <strong>{percent(Math.abs(saved))}</strong> {saved < 0 ? texts.request.larger : texts.request.smaller}
      </p>
      <dl class="saving-bars">
        {[
          { name: texts.request.before, value: input, kind: 'before' },
          { name: texts.request.after, value: output, kind: 'after' },
        ].map(({ name, value, kind }) => (
          <div key={kind}>
            <dt>{name}</dt>
            <dd>
              <span
                class={`saving-bar saving-${kind}`}
                style={{ width: `${(100 * value) / Math.max(1, input, output)}%` }}
              />
              <span>{bytes(value)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Fact({ name, isBad, children }: { name: string; isBad?: boolean; children: ComponentChildren }) {
  return (
    <div class={isBad ? 'fact bad' : 'fact'}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
