import type { Webhook } from '../api/client.ts';
import { useRef } from 'preact/hooks';
import { notify } from '../state/notices.ts';
import { dismissSecret } from '../state/webhooks/webhooks.ts';
import { texts } from '../texts.ts';

const { webhooks: words } = texts;

/** The secret of a webhook that was added here: it stays until it is put away, since it is never shown again. */
export function WebhookSecret({ webhook: { id, url }, text }: { webhook: Webhook; text: string }) {
  const code = useRef<HTMLSpanElement>(null);
  return (
    <div id={`secret-${id}`} class="webhook-secret" role="note" aria-label={`${words.secret} ${text}`}>
      <p>
        {words.secret}{' '}
        <span class="code" ref={code}>
          {text}
        </span>
      </p>
      <div class="buttons">
        <button
          type="button"
          aria-label={words.copyNamed(url)}
          onClick={() => void copy(text, code.current!)}
        >
          {words.copy}
        </button>
        <button type="button" aria-label={words.hideNamed(url)} onClick={() => dismissSecret(id)}>
          {words.hide}
        </button>
      </div>
    </div>
  );
}

/** Browsers let pages write to the clipboard on secure addresses only: elsewhere the text is selected, to be copied by hand. */
async function copy(text: string, element: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(words.copied);
  } catch {
    getSelection()?.selectAllChildren(element);
    notify(words.selected);
  }
}
