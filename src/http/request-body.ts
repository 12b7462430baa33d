import type { Request } from 'express';

/** Whether a body comes with the request, as its headers say. */
export function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
