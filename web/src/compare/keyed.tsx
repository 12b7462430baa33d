import { useStore } from '../state/store.ts';

/** What a button does, and its key; the key is not shown where there is no keyboard, or single keys are switched off. */
export function Keyed({ of: [text, key] }: { of: readonly [text: string, key: string] }) {
  const singleKeys = useStore((state) => state.singleKeys);
  return (
    <span>
      {text} {singleKeys && <span class="key-letter">({key})</span>}
    </span>
  );
}
