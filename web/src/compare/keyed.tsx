/** What a button does, and its key; the key is not shown where there is no keyboard. */
export function Keyed({ of: [text, key] }: { of: readonly [text: string, key: string] }) {
  return (
    <span>
      {text} <span class="key-letter">({key})</span>
    </span>
  );
}
