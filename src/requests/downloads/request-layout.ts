import type { RequestEntity } from '../../database/entities/request.entity.js';
import type { CsvLayout } from '../../tables/tables.js';

/** How the file of a request is written. */
export function layoutOf({ layout }: Pick<RequestEntity, 'layout'>): CsvLayout {
  return JSON.parse(layout) as CsvLayout;
}
