import { useEffect } from 'preact/hooks';
import { HistoryPage } from '../history/history-page.tsx';
import { focusTitle } from '../parts/focus-title.ts';
import { PreviewPage } from '../preview/preview-page.tsx';
import { RequestPage } from '../request/request-page.tsx';
import { StartPage } from '../start/start-page.tsx';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { WebhooksPage } from '../webhooks/webhooks-page.tsx';
import { DropAnywhere } from './drop-anywhere.tsx';
import { Header } from './header.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { Notices } from './notices.tsx';

/** The whole page. */
export function App() {
  const { view, id } = useStore(({ route }) => route);
  const mayWrite = useStore((state) => state.mayWrite);
  useTitle();
  return (
    <>
      <a class="skip" href="#content" onClick={focusContent}>
        {texts.skip}
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        {view === 'start' && <StartPage />}
        {view === 'preview' && <PreviewPage />}
        {view === 'request' && <RequestPage key={id} id={id} />}
        {view === 'history' && <HistoryPage />}
        {view === 'webhooks' && <WebhooksPage />}
      </main>
      {mayWrite && <DropAnywhere />}
      <KeyDialog />
      <Notices />
    </>
  );
}

/** The address behind `#` says where the user is, so the link can't be followed as it stands. */
function focusContent(event: Event): void {
  event.preventDefault();
  focusTitle();
}

function useTitle(): void {
  const part = useStore(({ route, chosen, shown }) => {
    if (route.view === 'start') return texts.nav.start;
    if (route.view === 'preview') return chosen?.file.name;
    if (route.view === 'history') return texts.history.title;
    if (route.view === 'webhooks') return texts.webhooks.title;
    if (route.view !== 'request' || !shown?.request) return undefined;
    const { file_name: name, is_final: isFinal, progress } = shown.request;
    return isFinal ? name : `${Math.floor(progress * 100)}% ${name}`;
  });
  useEffect(() => {
    document.title = part ? `${part} · ${texts.name}` : texts.name;
  }, [part]);
}
