import type { CallError } from '../api/errors.ts';
import { texts } from '../texts.ts';
import { Icon } from './icon.tsx';

/** What went wrong with a call, and a button to try again where that makes sense. */
export function Problem({ error, again }: { error: CallError; again?: () => void }) {
  return (
    <div class="problem" role="alert">
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
