import { shown } from '../csv-faults.js';
import type { TableColumn } from './columns.js';

/** A column, and some of what stands in it. */
export interface SampledColumn extends TableColumn {
  /** Up to three different texts from the first rows, each cut to 80 characters. */
  samples: string[];
}

const MAX_SAMPLES = 3;

/** Columns with samples from the records `below` their header. */
export function sampledColumns({
  columns,
  below,
}: {
  columns: TableColumn[];
  below: string[][];
}): SampledColumn[] {
  return columns.map((column, place) => ({ ...column, samples: samplesOf(below, place) }));
}

function samplesOf(records: string[][], place: number): string[] {
  const samples = new Set<string>();
  for (const cells of records) {
    const text = cells[place]?.trim();
    if (text) samples.add(shown(text));
    if (samples.size === MAX_SAMPLES) break;
  }
  return [...samples];
}
