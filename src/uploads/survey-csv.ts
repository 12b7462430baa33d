import { setImmediate } from 'node:timers/promises';
import { hostIn } from '../outbound/urls/parse-url.js';
import { fingerprint, type RepeatedUrls } from '../requests/intake/repeated-urls.js';
import { SampleUrls } from './sample-urls.js';
import type {
  CsvFault,
  CsvLayout,
  CsvRepair,
  CsvWarning,
  InputTable,
  SampledColumn,
} from '../tables/tables.js';
import { type ListedRow, ListedRows } from './mending/listed-rows.js';

/** Most faults, warnings, repairs or hosts that an answer lists unasked; their number it gives in any case. */
export const MAX_LISTED = 100;

/** Names of images that it lists. */
const MAX_NAMES = 20;

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

/** A fault without the names of its row, which stand in `errors.csv`. */
export type ListedFault = Omit<CsvFault, 'row'>;

/** What a file holds, without anything having been stored or fetched. */
export interface CsvSurvey {
  layout: CsvLayout | null;
  /** The columns that the file itself has, also where none of them is known. */
  columns: SampledColumn[];
  /** Rows that can be taken. */
  rows: number;
  /** Of these, rows without a URL: they are kept, and their output is empty. */
  rowsWithoutImages: number;
  /** The lines on which the first hundred of these begin. */
  linesWithoutImages: number[];
  /** URLs in them. */
  images: number;
  /** Different ones among them. */
  distinctUrls: number;
  /** Some of them, drawn evenly. */
  sampleUrls: string[];
  /** What the first results will be called, where names were asked for. */
  imageNames: string[];
  /** How many images are to be fetched from which host, most first. */
  hosts: Listing<HostCount>;
  repairs: Listing<CsvRepair>;
  faults: Listing<ListedFault>;
  /** Addresses in rows that can be taken, whose images will fail. */
  warnings: Listing<CsvWarning>;
  /** The rows that were asked for, as they stand. */
  lines: ListedRow[];
}

/** What a survey is to hold besides. */
export interface SurveyOptions {
  /** The warning that shops can't fetch from us, for files of theirs. */
  unfetched?: CsvWarning | null;
  /** Most faults that are listed. */
  faultsLimit?: number;
  /** Told of the rows while they are read. */
  listed?: ListedRows;
}

/** The part of a survey that decides whether a file is taken. */
export interface CsvCheck extends Pick<
  CsvSurvey,
  'rows' | 'rowsWithoutImages' | 'images' | 'faults' | 'warnings'
> {
  /** Why a file can't be read to its end, behind rows that could be. */
  endFault: ListedFault | null;
}

const END_FAULTS = ['WORKBOOK_DAMAGED', 'WORKBOOK_TOO_LARGE'];

/**
 * How many rows and images of a file can be taken, and what is wrong with the others.
 * @param unfetched what is warned of in the file of a shop
 * @param repeated is told of the URLs
 */
export async function checkCsv(
  csv: InputTable,
  unfetched: CsvWarning | null,
  repeated?: RepeatedUrls,
): Promise<CsvCheck> {
  const faults = emptyListing<ListedFault>();
  const warnings = emptyListing<CsvWarning>();
  if (unfetched && csv.layout?.profile) add(warnings, [unfetched]);
  let rows = 0;
  let rowsWithoutImages = 0;
  let images = 0;
  let endFault: ListedFault | null = null;
  for await (const batch of csv.batches()) {
    addFaults(faults, batch.faults, MAX_LISTED);
    endFault ??= batch.faults.find(({ code }) => END_FAULTS.includes(code)) ?? null;
    add(warnings, batch.warnings);
    rows += batch.rows.length;
    for (const { urls } of batch.rows) {
      images += urls.length;
      if (urls.length === 0) rowsWithoutImages++;
      if (repeated) for (const url of urls) repeated.note(url);
    }
  }
  return { rows, rowsWithoutImages, images, faults, warnings, endFault };
}

/**
 * Reads a file to its end and says what is in it. Takes up to 40 bytes of memory for each distinct URL; two URLs
 * out of two million count as one with a chance of one in a hundred.
 */
export async function surveyCsv(
  csv: InputTable,
  { unfetched = null, faultsLimit = MAX_LISTED, listed = new ListedRows(new Set()) }: SurveyOptions = {},
): Promise<CsvSurvey> {
  const faults = emptyListing<ListedFault>();
  const repairs = emptyListing<CsvRepair>();
  const warnings = emptyListing<CsvWarning>();
  if (unfetched && csv.layout?.profile) add(warnings, [unfetched]);
  const urls = new Set<number>();
  const sample = new SampleUrls();
  const imageNames: string[] = [];
  const hosts = new Map<string, number>();
  let rows = 0;
  const empty = emptyListing<number>();
  let images = 0;
  for await (const batch of csv.batches()) {
    listed.endBatch(addFaults(faults, batch.faults, faultsLimit));
    add(repairs, batch.repairs);
    add(warnings, batch.warnings);
    rows += batch.rows.length;
    for (const { line, urls, imageNames: names = [] } of batch.rows) {
      if (urls.length === 0) add(empty, [line]);
      imageNames.push(...names.slice(0, MAX_NAMES - imageNames.length));
    }
    for (const url of batch.rows.flatMap((row) => row.urls)) {
      images++;
      const print = fingerprint(url);
      urls.add(print);
      sample.note(url, print);
      const host = hostIn(url);
      const count = hosts.get(host);
      // A new name is copied: as a slice it would keep a piece of the file alive.
      if (count === undefined) hosts.set(Buffer.from(host).toString(), 1);
      else hosts.set(host, count + 1);
    }
  }
  return {
    layout: csv.layout,
    columns: csv.columns,
    rows,
    rowsWithoutImages: empty.total,
    linesWithoutImages: empty.items,
    images,
    distinctUrls: urls.size,
    sampleUrls: sample.urls,
    imageNames,
    hosts: { total: hosts.size, items: await withMostImages(hosts) },
    repairs,
    faults,
    warnings,
    lines: listed.rows,
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

/** @returns those that are listed now */
function addFaults(listing: Listing<ListedFault>, faults: CsvFault[], limit: number): ListedFault[] {
  const room = Math.max(0, limit - listing.items.length);
  listing.total += faults.length;
  const added = faults.slice(0, room).map(({ line, column, cell, value, code, hint }) => {
    return { line, column, ...(cell && { cell }), value, code, hint };
  });
  listing.items.push(...added);
  return added;
}
