import { texts } from '../texts.ts';
import { Keyed } from './keyed.tsx';

interface HoldButtonProps {
  isHeld: boolean;
  hold: (isDown: boolean) => void;
}

/** Shows the original while a pointer holds it. Space and Enter switch it on, and off again: screen readers press a button, and hold none. */
export function HoldButton({ isHeld, hold }: HoldButtonProps) {
  return (
    <button
      type="button"
      aria-pressed={isHeld}
      onPointerDown={() => hold(true)}
      onPointerUp={() => hold(false)}
      onPointerLeave={() => hold(false)}
      // A key that is held down presses it once.
      onKeyDown={(event) => event.repeat && event.preventDefault()}
      // A pointer has held it already: its click counts presses, and that of a key none.
      onClick={({ detail }) => detail === 0 && hold(!isHeld)}
    >
      <Keyed of={texts.compare.hold} />
    </button>
  );
}
