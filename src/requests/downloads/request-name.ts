import type { RequestEntity } from '../../database/entities/request.entity.js';

/** The name of a request: the caller's own, or that of the uploaded file without its extension. */
export function nameOf({ name, fileName }: Pick<RequestEntity, 'name' | 'fileName'>): string {
  return name ?? (fileName.replace(/\.(csv|tsv|txt|xlsx)$/i, '') || fileName);
}
