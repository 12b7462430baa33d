import { useEffect } from 'preact/hooks';
import { announce, dismiss } from '../state/notices.ts';
import { current, type Notice, useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** What is read aloud, what is said for a while, and whether the service answers. */
export function Notices() {
  const announcement = useStore((state) => state.announcement);
  const notices = useStore((state) => state.notices);
  const isOffline = useStore((state) => state.isOffline);
  useUndoKey();
  return (
    <>
      <div role="status" class="unseen">
        {announcement}
      </div>
      <div class="notices" role="log" aria-relevant="additions">
        {isOffline && <div class="notice warning">{texts.offline}</div>}
        {notices.map((notice) => (
          <Message key={notice.id} notice={notice} />
        ))}
      </div>
    </>
  );
}

/** Keyed by its id: a message that stays is not read again when another one goes. */
function Message({ notice }: { notice: Notice }) {
  return (
    <div class="notice" aria-atomic="true">
      <span id={idOf(notice)}>{notice.text}</span>
      <NoticeButton notice={notice} act={notice.start} text={texts.startNow} />
      <NoticeButton notice={notice} act={notice.undo} text={texts.undo} keys={texts.undoKeys} />
    </div>
  );
}

/** Of its text, which describes its buttons: two messages have buttons of the same name. */
const idOf = ({ id }: Notice): string => `notice-${id}`;

interface NoticeButtonProps {
  notice: Notice;
  act?: () => void;
  text: string;
  /** Read aloud with the message, too: with them nobody has to go to the button. */
  keys?: string;
}

const hasMended = (): boolean => {
  const { route, chosen } = current();
  return route.view === 'preview' && chosen !== null && chosen.patches.length > 0;
};

/** Ctrl or ⌘ with Z undoes the latest that can be undone: its button is the last of the page, and goes soon. */
function useUndoKey(): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const { notices } = current();
      const notice = notices.findLast(({ undo }) => undo);
      const isWriting = (event.target as HTMLElement).matches(
        'input:not([type=checkbox], [type=radio]), textarea',
      );
      if (isWriting || event.key.toLowerCase() !== 'z') return;
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey) return;
      if (!notice && document.querySelector('dialog.compare')) return; // there it undoes a judgement
      event.preventDefault(); // else the browser undoes in a field that nobody looks at
      if (!notice) return announce(hasMended() ? texts.mend.undoAll : texts.nothingToUndo);
      notice.undo?.();
      dismiss(notice);
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}

function NoticeButton({ notice, act, text, keys }: NoticeButtonProps) {
  if (!act) return null;
  const press = (): void => {
    act();
    dismiss(notice);
  };
  return (
    <button type="button" onClick={press} aria-describedby={idOf(notice)}>
      {text} {keys && <kbd>{keys}</kbd>}
    </button>
  );
}
