import { current, type Notice, update } from './store.ts';

/** How long a message is shown, and can be undone. */
const SHOWN_FOR_MS = 10_000;
const LOOK_AGAIN_MS = 1_000;
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
 * Shows a message for ten seconds, below those that are shown already, and longer while somebody is about to press its button.
 * @param over called when its time is over; not where it was dismissed before
 */
export function notify(text: string, undo?: () => void, start?: () => void, over?: () => void): Notice {
  const notice: Notice = { id: ++lastId, text, undo, start };
  const end = (): void => {
    if (!current().notices.includes(notice)) return;
    if (document.querySelector('.notices:focus-within, .notices:hover'))
      return void setTimeout(end, LOOK_AGAIN_MS);
    dismiss(notice);
    over?.();
  };
  update({ notices: [...current().notices, notice] });
  setTimeout(end, SHOWN_FOR_MS);
  return notice;
}

export function dismiss(notice: Notice): void {
  const { notices } = current();
  if (notices.includes(notice)) update({ notices: notices.filter((each) => each !== notice) });
}
