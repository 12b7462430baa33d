import type { Image } from '../api/client.ts';
import { fullNameOf } from '../state/name-images.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** So many are shown, the latest first: the picture needs the room. */
const SHOWN = 3;

interface RedoNotesProps {
  pictures: Image[][];
  look: (index: number) => void;
}

/** What was asked for pictures that are not shown any more, and what came of it. A screen reader has been told when it happened. */
export function RedoNotes({ pictures, look }: RedoNotesProps) {
  const notes = useStore((state) => state.redoNotes);
  const placed = notes.map(({ id, ...note }) => ({
    ...note,
    index: pictures.findIndex((images) => images.some((image) => image.id === id)),
  }));
  const shown = placed
    .filter(({ index }) => index !== -1)
    .slice(-SHOWN)
    .reverse();
  if (shown.length === 0) return null;
  return (
    <ul class="redo-notes small">
      {shown.map(({ index, text, hasEnded }) => (
        <li key={index}>
          {text}{' '}
          {hasEnded && (
            <button
              type="button"
              aria-label={texts.judge.lookNamed(fullNameOf(pictures[index][0]))}
              onClick={() => look(index)}
            >
              {texts.judge.look}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
