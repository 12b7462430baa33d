import type { RefusalOf } from '../tables/tables.js';

const MAX_REMEMBERED = 10_000;
const ORIGIN = /^https?:\/\/[^/?#]*/i;

/**
 * Judges each origin once, as long as there are few. Of an address that the table reader takes, only scheme, host and
 * port can be refused.
 */
export function judgedByOrigin(refusalOf: RefusalOf): RefusalOf {
  const known = new Map<string, ReturnType<RefusalOf>>();
  return (url) => {
    const origin = ORIGIN.exec(url)?.[0] ?? url;
    const remembered = known.get(origin);
    if (remembered !== undefined) return remembered;
    const refusal = refusalOf(url);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(Buffer.from(origin).toString(), refusal); // copied: a slice would keep a piece of the file alive
    return refusal;
  };
}
