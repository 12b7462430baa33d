/** Of a file that is named by its content: `<digest>/<name>.<extension>`. */
const BY_CONTENT = /^([0-9a-f]{32})\/[^/.]+\.([a-z]{3,4})$/;

/** Digits of the digest that a name may carry. */
const HASH_DIGITS = 8;

/**
 * The key of an output with another name, as its address has it: the digest says which file it is, and the name belongs to the image
 * of a request. A key of another form stays as it is.
 * @param name without an extension; `{hash}` in it stands for the first digits of the digest; null for the key itself
 */
export function namedKey(key: string, name: string | null): string {
  if (name === null) return key;
  return key.replace(BY_CONTENT, (_, digest: string, extension: string) => {
    return `${digest}/${name.replaceAll('{hash}', digest.slice(0, HASH_DIGITS))}.${extension}`;
  });
}
