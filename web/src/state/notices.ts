import { current, type Notice, update } from './store.ts';

/** How long a message is shown, or read aloud, and how long something can be undone. */
const SHOWN_FOR_MS = 10_000;
const LOOK_AGAIN_MS = 500;
const READ_AGAIN_AFTER_MS = 100;

let lastId = 0;

/** Has a screen reader read a text aloud. It goes after a while, so that nobody finds it later and takes it for news. */
export function announce(text: string): void {
  if (current().announcement === text) {
    // The same text again is no change of the page, and would not be read.
    update({ announcement: '' });
    return void setTimeout(() => announce(text), READ_AGAIN_AFTER_MS);
  }
  update({ announcement: text });
  setTimeout(() => {
    if (current().announcement === text) update({ announcement: '' });
  }, SHOWN_FOR_MS);
}

/**
 * Shows a message for ten seconds, below those that are shown already. Its time stands still while the pointer is over a message, or
 * the focus in one: whoever hears it, or has slow hands, needs longer.
 * @param over called when its time is over; not where it was dismissed before
 */
export function notify(text: string, undo?: () => void, start?: () => void, over?: () => void): Notice {
  const notice: Notice = { id: ++lastId, text, undo, start };
  let left = SHOWN_FOR_MS;
  let lookedAt = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (!document.querySelector('.notices:focus-within, .notices:hover')) left -= now - lookedAt;
    lookedAt = now;
    const isShown = current().notices.includes(notice);
    if (isShown && left > 0) return;
    clearInterval(timer);
    if (!isShown) return;
    dismiss(notice);
    over?.();
  };
  const timer = setInterval(look, LOOK_AGAIN_MS);
  update({ notices: [...current().notices, notice] });
  return notice;
}

export function dismiss(notice: Notice): void {
  const { notices } = current();
  if (notices.includes(notice)) update({ notices: notices.filter((each) => each !== notice) });
}
