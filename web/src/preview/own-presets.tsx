import { useEffect, useState } from 'preact/hooks';
import type { CallError } from '../api/errors.ts';
import { Problem } from '../parts/problem.tsx';
import { deletePreset, keepPreset, listPresets } from '../state/file/presets.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** Options that are kept under names: those chosen above are kept here, or those that were chosen by name are deleted. */
export function OwnPresets() {
  const chosen = useStore((state) => state.options.preset);
  const presets = useStore((state) => state.presets);
  const mayWrite = useStore((state) => state.mayWrite);
  useEffect(() => void listPresets(), []);
  if (!mayWrite) return null;
  const preset = presets.find(({ name }) => name === chosen);
  if (!preset) return <Keep />;
  return (
    <button type="button" class="own-preset" onClick={() => void deletePreset(preset)}>
      {texts.forms.delete(preset.name)}
    </button>
  );
}

function Keep() {
  const [name, setName] = useState('');
  const [error, setError] = useState<CallError | null>(null);
  const keep = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wrong = await keepPreset(name);
    setError(wrong);
    if (!wrong) setName('');
  };
  return (
    <details class="own-preset">
      <summary>{texts.forms.keep}</summary>
      <form class="toolbar" onSubmit={(event) => void keep(event)}>
        <label class="field grow">
          {texts.forms.keepName}
          <input
            required
            value={name}
            aria-describedby="keep-hint"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit">{texts.forms.keepGo}</button>
      </form>
      <p id="keep-hint" class="quiet small">
        {texts.forms.keepHint}
      </p>
      {error && <Problem error={error} />}
    </details>
  );
}
