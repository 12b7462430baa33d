import type { RequestEntity } from '../../database/entities/request.entity.js';
import type { CsvLayout, UrlsWritten } from '../../tables/tables.js';

/** How the file of a request is written. */
export function layoutOf({ layout }: Pick<RequestEntity, 'layout'>): CsvLayout {
  return JSON.parse(layout) as CsvLayout;
}

/** How results are written unless that is said: the file of a shop or marketplace comes back as it is, but for its URLs. */
export function usualUrls({ profile }: CsvLayout): UrlsWritten {
  return profile ? 'replaced' : 'added';
}
