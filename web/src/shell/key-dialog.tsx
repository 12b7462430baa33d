import { useState } from 'preact/hooks';
import { keepApiKey } from '../api/client.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

/** Asks for the API key where the service wants one. Everything is read again with it. */
export function KeyDialog() {
  const needsKey = useStore((state) => state.needsKey);
  const [key, setKey] = useState('');
  if (!needsKey) return null;
  const enter = (event: Event): void => {
    event.preventDefault();
    keepApiKey(key);
    location.reload();
  };
  return (
    <Dialog label={texts.key.title}>
      <form class="stack" onSubmit={enter}>
        <h2>{texts.key.title}</h2>
        <p class="quiet">{texts.key.hint}</p>
        <label class="field">
          {texts.key.label}
          <input
            type="password"
            autocomplete="off"
            required
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="submit" class="primary">
            {texts.key.enter}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
