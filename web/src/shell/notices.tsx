import { dismiss } from '../state/notices.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** What is read aloud, what is said for a while, and whether the service answers. */
export function Notices() {
  const announcement = useStore((state) => state.announcement);
  const notice = useStore((state) => state.notice);
  const isOffline = useStore((state) => state.isOffline);
  return (
    <>
      <div role="status" class="unseen">
        {announcement}
      </div>
      <div class="notices" role="status">
        {isOffline && <div class="notice warning">{texts.offline}</div>}
        {notice && (
          <div class="notice">
            {notice.text}
            {notice.undo && (
              <button
                type="button"
                onClick={() => {
                  notice.undo?.();
                  dismiss(notice);
                }}
              >
                {texts.undo}
              </button>
            )}
          </div>
        )}
      </div>
    </>
  );
}
