import { useEffect } from 'preact/hooks';
import type { Request } from '../api/client.ts';
import { StatusWord } from '../history/request-cards.tsx';
import { minute } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { followRequest } from '../state/follow-request.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { optionsInWords } from '../texts-of-options.ts';
import { Downloads } from './downloads.tsx';
import { Failures } from './failures.tsx';
import { Progress } from './progress.tsx';
import { Remarks } from './remarks.tsx';
import { Results } from './results.tsx';

/** A file that was uploaded: how far it is, what failed, and the results. */
export function RequestPage({ id }: { id: string }) {
  const shown = useStore((state) => state.shown);
  useEffect(() => followRequest(id), [id]);
  if (shown?.error) return <Missing code={shown.error.code} message={shown.error.message} />;
  if (!shown?.request || shown.id !== id) return <h1 class="empty">{texts.loading}</h1>;
  const { request } = shown;
  return (
    <div class="stack">
      <Title request={request} />
      <Progress request={request} rate={shown.rate} />
      <Remarks request={request} images={shown.images} />
      <Downloads request={request} />
      {request.counts.failed > 0 && <Failures request={request} failures={shown.failures} />}
      <Results request={request} images={shown.images} hasAll={shown.hasAllImages} />
    </div>
  );
}

function Title({ request }: { request: Request }) {
  return (
    <div>
      <h1 class="file-name">{request.file_name}</h1>
      <p class="lead">
        <StatusWord request={request} /> {texts.request.uploaded(minute(request.created_at))}
      </p>
      <p class="quiet small">
        {texts.request.optionsUsed}: {optionsInWords(request)}
      </p>
    </div>
  );
}

function Missing({ code, message }: { code: string; message: string }) {
  const text = code === 'REQUEST_NOT_FOUND' ? texts.request.notFound : message;
  return (
    <div class="stack">
      <h1>{texts.request.missing}</h1>
      <Problem error={{ code, message: text, details: [] }} />
      <div class="buttons">
        <a class="button" href="#/requests">
          {texts.start.all}
        </a>
      </div>
    </div>
  );
}
