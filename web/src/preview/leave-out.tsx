import { IconButton } from '../parts/icon-button.tsx';
import { mend } from '../state/file/mend-file.ts';
import { texts } from '../texts.ts';

/** Leaves a row out; `where`: its line in words. */
export function LeaveOut({ line, where }: { line: number; where: string }) {
  return (
    <IconButton
      icon="bin"
      label={texts.mend.leaveOut(where)}
      act={() => mend([{ line, column: null, value: null }])}
    />
  );
}
