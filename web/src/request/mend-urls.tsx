import type { TargetedKeyboardEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Image } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { announce, notify } from '../state/notices.ts';
import { retryImages } from '../state/retry-images.ts';
import { changedAlike } from '../state/file/changed-alike.ts';
import { update, useStore } from '../state/store.ts';
import { lineOf, nameOf } from '../state/name-images.ts';
import { texts } from '../texts.ts';

/** What is wrong with what stands in a field; null where it is one whole address. */
function faultOf(text: string): string | null {
  if (/\shttps?:\/\//i.test(text)) return texts.failures.oneAddress;
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text) ? null : texts.failures.noAddress;
}

const inOneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, '');

/** An address has one line, although it is shown in several. */
function sendByEnter(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

/** Addresses that one call takes. */
const MOST = 100;

/** Failed images with their addresses to be corrected, and tried at once. */
export function MendUrls({ id, images }: { id: string; images: Image[] }) {
  const listed = images.slice(0, MOST);
  const urls = useStore((state) => state.typedUrls);
  const setUrls = (typedUrls: Record<string, string>): void => update({ typedUrls });
  const changed = listed.filter((image) => urlOf(image) !== image.input_url);
  const first = changed[0];
  const form = useRef<HTMLFormElement>(null);
  const focusFirst = (): void => form.current?.querySelector('textarea')?.focus();
  useEffect(focusFirst, []);
  function urlOf(image: Image): string {
    return urls[image.id]?.trim() || image.input_url;
  }
  const alike = first
    ? listed.flatMap((image): [string, string][] => {
        const url = changedAlike(image.input_url, first.input_url, urlOf(first));
        return changed.includes(image) || !url || url === image.input_url ? [] : [[image.id, url]];
      })
    : [];
  const wrongOf = (image: Image): string | null => (changed.includes(image) ? faultOf(urlOf(image)) : null);
  const start = (event: Event): void => {
    event.preventDefault();
    if (changed.length === 0) {
      notify(texts.failures.noneMended);
      return focusFirst();
    }
    const wrong = changed.find(wrongOf);
    if (wrong) {
      announce(wrongOf(wrong)!);
      return form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
    }
    const given = Object.fromEntries(changed.map((image) => [image.id, urlOf(image)]));
    retryImages(id, changed.length, { urls: given });
  };
  return (
    <form class="mend-urls" ref={form} noValidate onSubmit={start}>
      <ul>
        {listed.map((image) => (
          <li key={image.id}>
            <label class="field">
              {nameOf(image)} · {lineOf(image)}
              <textarea
                class="code"
                rows={2}
                spellcheck={false}
                value={urls[image.id] ?? image.input_url}
                aria-invalid={wrongOf(image) !== null}
                aria-describedby={wrongOf(image) ? `wrong-${image.id}` : undefined}
                onKeyDown={sendByEnter}
                onInput={({ currentTarget: { value } }) => setUrls({ ...urls, [image.id]: inOneLine(value) })}
              />
            </label>
            {wrongOf(image) && (
              <p id={`wrong-${image.id}`} class="bad small">
                {wrongOf(image)}
              </p>
            )}
          </li>
        ))}
      </ul>
      {images.length > MOST && <p class="quiet small">{texts.failures.more(images.length - MOST)}</p>}
      <div class="buttons">
        <button type="submit" class="primary">
          <Icon name="repeat" />
          {texts.failures.retryMended(changed.length)}
        </button>
        {alike.length > 0 && (
          <button type="button" onClick={() => setUrls({ ...urls, ...Object.fromEntries(alike) })}>
            {texts.mend.alike(alike.length)}
          </button>
        )}
      </div>
    </form>
  );
}
