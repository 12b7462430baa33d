import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { takeText } from '../state/file/take-file.ts';
import { texts } from '../texts.ts';

/** Takes rows as they are copied from a spreadsheet. */
export function PasteDialog({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const look = (event: Event): void => {
    event.preventDefault();
    close();
    void takeText(text);
  };
  return (
    <Dialog label={texts.start.pasteTitle} class="wide" onClose={close}>
      <form class="stack" onSubmit={look}>
        <h2>{texts.start.pasteTitle}</h2>
        <label class="field">
          {texts.start.pasteLabel}
          <textarea
            rows={10}
            required
            spellcheck={false}
            placeholder={texts.start.pasteExample}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="submit" class="primary">
            {texts.start.pasteGo}
          </button>
          <button type="button" onClick={close}>
            {texts.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
