import { apiKey, download, type Request } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { deleteRequest } from '../state/delete-request.ts';
import { notify } from '../state/notices.ts';
import { useStore } from '../state/store.ts';
import { takeAgain } from '../state/file/take-file.ts';
import { texts } from '../texts.ts';

/** What can be taken away, and done with the file again. */
export function Downloads({ request }: { request: Request }) {
  const { counts, is_final: isFinal, faults } = request;
  const { name } = request;
  const mayWrite = useStore((state) => state.mayWrite);
  const isCorrected = useStore(
    ({ shown }) => shown?.images.some(({ file_url: inFile }) => inFile !== null) ?? false,
  );
  const hasUnfit = useStore(({ shown }) => shown?.images.some(({ fits }) => fits === false) ?? false);
  const isFirst = isFinal && counts.done > 0;
  const isWorkbook = request.links.output_xlsx !== null;
  const own = isWorkbook ? 'output.xlsx' : 'output.csv';
  // The usual one is the first of the downloads.
  const other = request.urls === 'added' ? 'replaced' : 'added';
  return (
    <section class="downloads" aria-label={texts.request.downloads}>
      <DownloadLink request={request} file={own} saveAs={`${name}-${own}`} isFirst={isFirst}>
        {isFinal ? texts.request.forms[request.urls] : texts.request.outputSoFar}
      </DownloadLink>
      {isFinal && (
        <DownloadLink
          request={request}
          file={`${own}?urls=${other}`}
          saveAs={`${name}-${own.replace('output', `output-${other}`)}`}
        >
          {texts.request.forms[other]}
        </DownloadLink>
      )}
      {counts.done > 0 && (
        <DownloadLink request={request} file="images.zip" saveAs={`${name}-images.zip`}>
          {texts.request.zip}
        </DownloadLink>
      )}
      {counts.failed + faults > 0 && (
        <DownloadLink request={request} file="errors.csv" saveAs={`${name}-errors.csv`}>
          {texts.request.errors(hasUnfit)}
        </DownloadLink>
      )}
      {isCorrected && (
        <DownloadLink
          request={request}
          file={`${own}?urls=source`}
          saveAs={`${name}-${own.replace('output', 'source')}`}
        >
          {texts.request.forms.source}
        </DownloadLink>
      )}
      {isWorkbook && (
        <DownloadLink request={request} file="output.csv" saveAs={`${name}-output.csv`}>
          {texts.request.forms.csv}
        </DownloadLink>
      )}
      <button type="button" onClick={() => void copyLink()}>
        <Icon name="link" />
        {texts.request.copyLink}
      </button>
      {isFinal && mayWrite && (
        <button type="button" onClick={() => void takeAgain(request)}>
          <Icon name="repeat" />
          {texts.request.runAgain}
        </button>
      )}
      {isFinal && mayWrite && (
        <button type="button" class="delete" onClick={() => deleteRequest(request)}>
          <Icon name="bin" />
          {texts.history.delete}
        </button>
      )}
      {isFinal && !isWorkbook && <p class="corrected quiet small">{texts.request.formsDiffer}</p>}
      {isCorrected && (
        <p class="corrected quiet small">{texts.request.correctedIn(texts.request.forms.source)}</p>
      )}
    </section>
  );
}

interface DownloadLinkProps {
  request: Request;
  file: string;
  saveAs: string;
  isFirst?: boolean;
  children: string;
}

/** A plain link, which browsers show the progress of; with a key, which a link can't carry, it is fetched here. */
function DownloadLink({ request: { id }, file, saveAs, isFirst, children }: DownloadLinkProps) {
  const path = `/requests/${id}/${file}`;
  const fetchWithKey = (event: Event): void => {
    if (!apiKey()) return;
    event.preventDefault();
    void download(path, saveAs).then((error) => error && notify(error.message));
  };
  return (
    <a class={isFirst ? 'button primary' : 'button'} href={path} download={saveAs} onClick={fetchWithKey}>
      <Icon name="download" />
      {children}
    </a>
  );
}

/** The address holds the filter, too. Browsers let pages write to the clipboard on secure addresses only. */
async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    notify(texts.request.copied);
  } catch {
    prompt(texts.request.copyLink, location.href);
  }
}
