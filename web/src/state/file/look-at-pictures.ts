import { type Preview, previewImage } from '../../api/client.ts';
import type { CallError } from '../../api/errors.ts';
import { fieldsOf } from './options.ts';
import { current, update } from '../store.ts';

/** What a picture of the file would become. Addresses of both pictures are of this browser. */
export interface Look {
  before: string;
  after: string;
  /** Addresses of its further forms, in their order; null where the answer had no room. */
  forms: (string | null)[];
  facts: Preview;
  /** How long its host took to send it; null where that is not known. */
  fetchMs: number | null;
  /** Whether it was compared with its source, which takes time. */
  isMeasured: boolean;
}

/** Pictures of the chosen file, and what they become with the options as they are. */
export interface Looks {
  urls: string[];
  /** Which of them is shown. */
  at: number;
  results: Map<string, Look | CallError>;
  isBusy: boolean;
}

/** Pictures from which the saving of the whole file is estimated. */
const ESTIMATED_FROM = 8;

/** After a change of the options, which often comes with the next one. */
const PAUSE_MS = 250;

/** Sources as they were fetched: with other options they are sent, and not fetched from their host again. */
const sources = new Map<string, { picture: Blob; fetchMs: number | null }>();

/** Whether the results of the file will be compared with their sources. */
let isFileMeasured = true;

/** Whether the user chose which picture is shown. */
let isByHand = false;

let abort = new AbortController();

/** Looks at some pictures of a file, drawn at random: that which is shown first, then the others, one at a time. */
export function lookAt(drawn: string[], isMeasured: boolean): void {
  const urls = evenlyOf(drawn);
  isFileMeasured = isMeasured;
  const isNew = urls.join() !== current().looks.urls.join();
  if (isNew) {
    sources.clear();
    isByHand = false;
  }
  abort.abort();
  abort = new AbortController();
  forget();
  update({ looks: { urls, at: isNew ? 0 : current().looks.at, results: new Map(), isBusy: true } });
  void lookAtAll(abort.signal);
}

/** Hosts and kinds of files are as frequent among the first eight as among all that were drawn: by chance alone one is often missed. */
function evenlyOf(drawn: string[]): string[] {
  if (drawn.length <= ESTIMATED_FROM) return drawn;
  const byKind = [...drawn].sort((a, b) => kindOf(a).localeCompare(kindOf(b)));
  const first = Array.from({ length: ESTIMATED_FROM }, (_, i) => {
    return byKind[Math.floor((i * drawn.length) / ESTIMATED_FROM)];
  });
  return [...first, ...drawn.filter((url) => !first.includes(url))];
}

/** `images.example.com .png` */
function kindOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host} ${/\.\w+$/.exec(pathname)?.[0].toLowerCase() ?? ''}`;
}

/** Shows the next of the pictures. */
export function lookAtNext(): void {
  const { looks } = current();
  isByHand = true;
  update({ looks: { ...looks, at: (looks.at + 1) % looks.urls.length } });
  if (looks.isBusy || nextUrl() === undefined) return;
  update({ looks: { ...current().looks, isBusy: true } });
  void lookAtAll(abort.signal);
}

/** Ends it; what was looked at is forgotten. */
export function stopLooking(): void {
  abort.abort();
  forget();
  update({ looks: { urls: [], at: 0, results: new Map(), isBusy: false } });
}

async function lookAtAll(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  for (let url = nextUrl(); url !== undefined && !signal.aborted; url = nextUrl()) {
    const result = await look(url, signal);
    if (signal.aborted) return;
    const { looks } = current();
    const { urls, at } = looks;
    // Where a picture can't be had, the next one is shown, unless it is looked for by hand.
    const isPassed = !isLook(result) && !isByHand && url === urls[at] && at < urls.length - 1;
    const results = new Map(looks.results).set(url, result);
    update({ looks: { ...looks, at: isPassed ? at + 1 : at, results } });
  }
  if (!signal.aborted) update({ looks: { ...current().looks, isBusy: false } });
}

/** The one that is shown, then those of the estimate. That which is shown is compared with its source in any case. */
function nextUrl(): string | undefined {
  const { urls, at, results } = current().looks;
  const shown = results.get(urls[at]);
  if (isLook(shown) && !shown.isMeasured) return urls[at];
  return [urls[at], ...urls.slice(0, ESTIMATED_FROM)].find((url) => !results.has(url));
}

async function look(url: string, signal: AbortSignal): Promise<Look | CallError> {
  const source = sources.get(url);
  const { looks, options } = current();
  const isMeasured = isFileMeasured || url === looks.urls[looks.at];
  const fields = { ...fieldsOf(options), ...(isMeasured ? {} : { measure: 'none' }) };
  const call = previewImage(source ? fields : { ...fields, url }, source?.picture ?? null, signal);
  const { data, error } = await call;
  if (!data) return error;
  const before = blobOf(data.before);
  const fetchMs = source ? source.fetchMs : data.fetch_milliseconds;
  sources.set(url, { picture: before, fetchMs });
  const addressOf = (picture: Preview['before']): string => URL.createObjectURL(blobOf(picture));
  const forms = data.renditions.map(({ after }) => after && addressOf(after));
  const addresses = { before: URL.createObjectURL(before), after: addressOf(data.after), forms };
  return { ...addresses, facts: data, fetchMs, isMeasured };
}

function blobOf({ base64, content_type: type }: Preview['before']): Blob {
  return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type });
}

export const isLook = (result: Look | CallError | undefined): result is Look =>
  result !== undefined && 'facts' in result;

/** Browsers keep what has an address until it is taken back. */
function forget(): void {
  for (const result of current().looks.results.values()) {
    if (!isLook(result)) continue;
    for (const address of [result.before, result.after, ...result.forms])
      if (address) URL.revokeObjectURL(address);
  }
}
