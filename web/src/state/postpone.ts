import { dismiss, notify } from './notices.ts';

/** Something that is done when the time to undo it is over. */
interface Postponed {
  /** Says that it is done, as far as the user sees. */
  text: string;
  act: () => Promise<void>;
  /** Does it while the page is closed: its user has seen that it is done. */
  leave: () => void;
  undo: () => void;
  /** Where the user can have it done at once: called when that is pressed, while its button is still there. */
  started?: () => void;
}

/** What is to be done, each with what does it at once as the page is closed. */
const waiting = new Set<() => void>();

/** Does something when the time of its message is over, unless the user undoes it before. */
export function postpone({ text, act, leave, undo, started }: Postponed): void {
  const end = (next: () => void) => (): void => {
    waiting.delete(leave);
    dismiss(notice);
    next();
  };
  const start = end(() => void act());
  const startNow = started && end(() => (started(), void act()));
  const notice = notify(text, end(undo), startNow, start);
  waiting.add(leave);
}

addEventListener('pagehide', () => {
  for (const leave of waiting) leave();
  waiting.clear();
});
