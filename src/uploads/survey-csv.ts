import { hostIn } from '../outbound/parse-url.js';
import type { CsvLayout } from '../tables/output-csv.js';
import { fingerprint, type RepeatedUrls } from '../requests/repeated-urls.js';
import type { CsvFault, CsvRepair } from '../tables/csv-faults.js';
import type { InputCsv } from '../tables/input-csv.js';

/** Most faults or repairs that an answer lists; their number it gives in any case. */
export const MOST_LISTED = 100;

/** The first hundred of something, and how many there are. */
export interface Listing<T> {
  total: number;
  items: T[];
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
  /** How many images are to be fetched from which host (`host:port` for a port of its own), most first. */
  hosts: Listing<{ host: string; images: number }>;
  repairs: Listing<CsvRepair>;
  faults: Listing<CsvFault>;
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
  const urls = new Set<number>();
  const hosts = new Map<string, number>();
  let rows = 0;
  let images = 0;
  for await (const batch of csv.batches()) {
    add(faults, batch.faults);
    add(repairs, batch.repairs);
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
  const byImages = [...hosts]
    .map(([host, count]) => ({ host, images: count }))
    .sort((a, b) => b.images - a.images);
  return {
    layout: csv.layout,
    rows,
    images,
    distinctUrls: urls.size,
    hosts: { total: hosts.size, items: byImages.slice(0, MOST_LISTED) },
    repairs,
    faults,
  };
}

function emptyListing<T>(): Listing<T> {
  return { total: 0, items: [] };
}

function add<T>(listing: Listing<T>, items: T[]): void {
  listing.total += items.length;
  if (listing.items.length < MOST_LISTED)
    listing.items.push(...items.slice(0, MOST_LISTED - listing.items.length));
}
