import { current, type Notice, update } from './store.ts';

/** How long a message is shown, and can be undone. */
export const SHOWN_FOR_MS = 10_000;

/** Has a screen reader read a text aloud. */
export function announce(text: string): void {
  if (current().announcement !== text) update({ announcement: text });
}

/** Shows a message for ten seconds. */
export function notify(text: string, undo?: () => void): void {
  const notice: Notice = { text, undo };
  update({ notice });
  setTimeout(() => dismiss(notice), SHOWN_FOR_MS);
}

export function dismiss(notice: Notice): void {
  if (current().notice === notice) update({ notice: null });
}
