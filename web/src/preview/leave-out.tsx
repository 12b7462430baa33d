import { Icon } from '../parts/icon.tsx';
import { mend } from '../state/file/mend-file.ts';
import { texts } from '../texts.ts';

/** Leaves a row out; `where`: its line in words. */
export function LeaveOut({ line, where }: { line: number; where: string }) {
  const name = texts.mend.leaveOut(where);
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={name}
      title={name}
      data-same="leave-out"
      onClick={() => mend([{ line, column: null, value: null }])}
    >
      <Icon name="bin" />
    </button>
  );
}
