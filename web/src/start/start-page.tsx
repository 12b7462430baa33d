import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { listRequests } from '../state/list-requests.ts';
import { useStore } from '../state/store.ts';
import { takeFile, takeSample } from '../state/file/take-file.ts';
import { RequestCards } from '../history/request-cards.tsx';
import { texts } from '../texts.ts';
import { PasteDialog } from './paste-dialog.tsx';

const SAMPLES = ['blue-mug-front.jpg', 'desk-lamp.png', 'notebook-cover.jpg', 'glass-vase.webp'];
const RECENT = 4;

/** Where a file is given. */
export function StartPage() {
  const mayWrite = useStore((state) => state.mayWrite);
  return (
    <div class="start">
      <div class="intro">
        <h1>{texts.start.title}</h1>
        <p class="lead">{texts.start.lead}</p>
      </div>
      {mayWrite && <Unfinished />}
      {mayWrite ? <DropZone /> : <p class="empty">{texts.start.mayNot}</p>}
      {mayWrite && <Sample />}
      <Recent />
    </div>
  );
}

/** A file that was chosen, and not uploaded yet. */
function Unfinished() {
  const name = useStore(({ chosen }) => chosen?.file.name);
  if (!name) return null;
  return (
    <p class="unfinished card">
      <span>{texts.start.unfinished(name)}</span>
      <a class="button primary" href="#/new">
        {texts.start.goOn}
      </a>
    </p>
  );
}

function DropZone() {
  const [isPasting, setIsPasting] = useState(false);
  return (
    <section class="zone" aria-label={texts.start.zone}>
      <Icon name="upload" />
      <p class="zone-title">{texts.start.drop}</p>
      <p class="quiet">{texts.start.or}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={chooseFile}>
          {texts.start.choose}
        </button>
        <button type="button" onClick={() => setIsPasting(true)}>
          {texts.start.paste}
        </button>
      </div>
      <p class="quiet small">{texts.start.accepted}</p>
      {isPasting && <PasteDialog close={() => setIsPasting(false)} />}
    </section>
  );
}

/** Opens the browser's own dialog. */
export function chooseFile(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.csv,.txt,.tsv,.xlsx,.xlsm,text/csv,text/plain';
  input.onchange = () => {
    if (input.files?.[0]) void takeFile(input.files[0]);
  };
  input.click();
}

function Sample() {
  return (
    <section class="sample card" aria-labelledby="sample-title">
      <div class="sample-pictures" aria-hidden="true">
        {SAMPLES.map((name) => (
          <img key={name} src={`/samples/${name}`} alt="" width="56" height="56" loading="lazy" />
        ))}
      </div>
      <div>
        <h2 id="sample-title">{texts.start.sampleTitle}</h2>
        <p class="quiet">{texts.start.sampleLead}</p>
      </div>
      <button type="button" onClick={() => void takeSample()}>
        {texts.start.sampleGo}
      </button>
    </section>
  );
}

function Recent() {
  const { items } = useStore((state) => state.list);
  useEffect(() => void listRequests(new URLSearchParams()), []);
  if (items.length === 0) return null;
  return (
    <section class="recent" aria-labelledby="recent-title">
      <div class="row">
        <h2 id="recent-title">{texts.start.recent}</h2>
        <a href="#/requests">{texts.start.all}</a>
      </div>
      <RequestCards requests={items.slice(0, RECENT)} />
    </section>
  );
}
