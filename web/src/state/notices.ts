import { current, type Notice, update } from './store.ts';

/** How long a message is shown, and can be undone. */
export const SHOWN_FOR_MS = 10_000;

/** Has a screen reader read a text aloud. */
export function announce(text: string): void {
  if (current().announcement !== text) update({ announcement: text });
}

/** Shows a message for ten seconds, below those that are shown already. */
export function notify(text: string, undo?: () => void, start?: () => void): Notice {
  const notice: Notice = { text, undo, start };
  update({ notices: [...current().notices, notice] });
  setTimeout(() => dismiss(notice), SHOWN_FOR_MS);
  return notice;
}

export function dismiss(notice: Notice): void {
  const { notices } = current();
  if (notices.includes(notice)) update({ notices: notices.filter((each) => each !== notice) });
}
