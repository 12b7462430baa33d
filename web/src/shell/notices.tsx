import { dismiss } from '../state/notices.ts';
import { type Notice, useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** What is read aloud, what is said for a while, and whether the service answers. */
export function Notices() {
  const announcement = useStore((state) => state.announcement);
  const notices = useStore((state) => state.notices);
  const isOffline = useStore((state) => state.isOffline);
  return (
    <>
      <div role="status" class="unseen">
        {announcement}
      </div>
      <div class="notices" role="status">
        {isOffline && <div class="notice warning">{texts.offline}</div>}
        {notices.map((notice, index) => (
          <div class="notice" key={index}>
            {notice.text}
            <NoticeButton notice={notice} act={notice.start} text={texts.startNow} />
            <NoticeButton notice={notice} act={notice.undo} text={texts.undo} />
          </div>
        ))}
      </div>
    </>
  );
}

interface NoticeButtonProps {
  notice: Notice;
  act?: () => void;
  text: string;
}

function NoticeButton({ notice, act, text }: NoticeButtonProps) {
  if (!act) return null;
  const press = (): void => {
    act();
    dismiss(notice);
  };
  return (
    <button type="button" onClick={press}>
      {text}
    </button>
  );
}
