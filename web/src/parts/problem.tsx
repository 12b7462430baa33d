import type { CallError } from '../api/errors.ts';
import { texts } from '../texts.ts';
import { Icon } from './icon.tsx';

interface ProblemProps {
  error: CallError;
  again?: () => void;
  /** For the field that it is about. */
  id?: string;
}

/** What went wrong with a call, and a button to try again where that makes sense. */
export function Problem({ error, again, id }: ProblemProps) {
  return (
    <div class="problem" role="alert" id={id}>
      <Icon name="warning" />
      <p>{error.code === 'UNREACHABLE' ? texts.unreachable : error.message}</p>
      {again && (
        <button type="button" onClick={again}>
          {texts.again}
        </button>
      )}
    </div>
  );
}
