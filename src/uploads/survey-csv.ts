import { setImmediate } from 'node:timers/promises';
import { hostIn } from '../outbound/parse-url.js';
import { fingerprint, type RepeatedUrls } from '../requests/repeated-urls.js';
import type { CsvFault, CsvLayout, CsvRepair, CsvWarning, InputCsv } from '../tables/tables.js';

/** Most faults, warnings, repairs or hosts that an answer lists; their number it gives in any case. */
export const MAX_LISTED = 100;

/** Hosts compared in one slice of the event loop: about a millisecond. */
const HOSTS_AT_ONCE = 5_000;

/** The first hundred of something, and how many there are. */
export interface Listing<T> {
  total: number;
  items: T[];
}

export interface HostCount {
  /** As it stands in the URL, with a port of its own. */
  host: string;
  images: number;
}

/** What a file holds, without anything having been stored or fetched. */
export interface CsvSurvey {
  layout: CsvLayout | null;
  /** Rows that can be taken. */
  rows: number;
  /** URLs in them. */
  images: number;
  /** Different ones among them. */
  distinctUrls: number;
  /** How many images are to be fetched from which host, most first. */
  hosts: Listing<HostCount>;
  repairs: Listing<CsvRepair>;
  faults: Listing<CsvFault>;
  /** Addresses in rows that can be taken, whose images will fail. */
  warnings: Listing<CsvWarning>;
}

/** How many rows of a file can be taken, and what is wrong with the others; `repeated` is told of their URLs. */
export async function checkCsv(
  csv: InputCsv,
  repeated?: RepeatedUrls,
): Promise<Pick<CsvSurvey, 'rows' | 'faults'>> {
  const faults = emptyListing<CsvFault>();
  let rows = 0;
  for await (const batch of csv.batches()) {
    add(faults, batch.faults);
    rows += batch.rows.length;
    if (repeated) for (const { urls } of batch.rows) for (const url of urls) repeated.note(url);
  }
  return { rows, faults };
}

/**
 * Reads a file to its end and says what is in it. Takes up to 40 bytes of memory for each distinct URL; two URLs
 * out of two million count as one with a chance of one in a hundred.
 */
export async function surveyCsv(csv: InputCsv): Promise<CsvSurvey> {
  const faults = emptyListing<CsvFault>();
  const repairs = emptyListing<CsvRepair>();
  const warnings = emptyListing<CsvWarning>();
  const urls = new Set<number>();
  const hosts = new Map<string, number>();
  let rows = 0;
  let images = 0;
  for await (const batch of csv.batches()) {
    add(faults, batch.faults);
    add(repairs, batch.repairs);
    add(warnings, batch.warnings);
    rows += batch.rows.length;
    for (const url of batch.rows.flatMap((row) => row.urls)) {
      images++;
      urls.add(fingerprint(url));
      const host = hostIn(url);
      const count = hosts.get(host);
      // A new name is copied: as a slice it would keep a piece of the file alive.
      if (count === undefined) hosts.set(Buffer.from(host).toString(), 1);
      else hosts.set(host, count + 1);
    }
  }
  return {
    layout: csv.layout,
    rows,
    images,
    distinctUrls: urls.size,
    hosts: { total: hosts.size, items: await withMostImages(hosts) },
    repairs,
    faults,
    warnings,
  };
}

/** The hundred hosts with the most images, in slices: a file can name millions of hosts. */
async function withMostImages(hosts: Map<string, number>): Promise<HostCount[]> {
  let most: HostCount[] = [];
  let next: HostCount[] = [];
  for (const [host, images] of hosts) {
    next.push({ host, images });
    if (next.length < HOSTS_AT_ONCE) continue;
    most = firstHundred(most, next);
    next = [];
    await setImmediate();
  }
  return firstHundred(most, next);
}

function firstHundred(most: HostCount[], next: HostCount[]): HostCount[] {
  return [...most, ...next].sort((a, b) => b.images - a.images).slice(0, MAX_LISTED);
}

function emptyListing<T>(): Listing<T> {
  return { total: 0, items: [] };
}

function add<T>(listing: Listing<T>, items: T[]): void {
  listing.total += items.length;
  const room = MAX_LISTED - listing.items.length;
  if (room > 0) listing.items.push(...items.slice(0, room));
}
