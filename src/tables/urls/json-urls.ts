import { ADDRESS_START } from './characters.js';

const JSON_START = /^(?:\[\s*["{]|\{\s*")/;

/** Names under which programs keep the address of a picture beside others, such as that of its thumbnail. */
const USUAL_NAMES = ['url', 'src', 'href', 'link', 'image', 'original', 'full'];

/** Objects within objects that are looked into. */
const MOST_DEPTH = 4;

/** Longer texts with objects are not read: one of a hundred thousand names takes a tenth of a second. */
const MOST_LENGTH = 64 * 1024;

/**
 * The texts of a list in JSON; of the objects in it, and of one object alone, the address that each of them holds: `[{"src": "https://…"}]`,
 * `{"url": "https://…", "alt": "Front"}`. Null where the text is no JSON, or holds something else.
 */
export function urlsInJson(text: string): string[] | null {
  if (!JSON_START.test(text) || (text.length > MOST_LENGTH && text.includes('{'))) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // a list of Python, or of PostgreSQL: read as it stands
  }
  const items = Array.isArray(value) ? value : (listIn(value) ?? [value]);
  const urls = items.map((item: unknown) => (typeof item === 'string' ? item : addressIn(item, MOST_DEPTH)));
  return urls.includes(null) ? null : (urls as string[]);
}

/** The first list of addresses among the values of an object. */
function listIn(object: unknown): unknown[] | undefined {
  const lists = Object.values(object as object).filter((value) => Array.isArray(value));
  return lists.find((list) => list.length > 0 && list.every((item) => addressIn(item, MOST_DEPTH) !== null));
}

/** An address that stands in an object itself comes before those in objects within it. */
function addressIn(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return ADDRESS_START.test(value) ? value : null;
  if (typeof value !== 'object' || value === null || depth === 0) return null;
  const entries = Object.entries(value);
  const own = entries.filter(([, each]) => typeof each === 'string' && ADDRESS_START.test(each));
  const [, usual] = own.find(([name]) => USUAL_NAMES.includes(name.toLowerCase())) ?? own[0] ?? [];
  if (usual !== undefined) return usual as string;
  for (const [, each] of entries) {
    const found = addressIn(each, depth - 1);
    if (found !== null) return found;
  }
  return null;
}
